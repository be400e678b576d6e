import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { type Search, SearchMemory } from "./search-memory.ts";

const QUERY = { roles: ["exit"], countries: ["jp"] };
const queryOf = (asn: number): Parameters<SearchMemory["begin"]>[0] => ({ roles: ["exit"], asns: [asn] });

/** The search that may begin; fails where it may not. */
function begun(memory: SearchMemory, query: Parameters<SearchMemory["begin"]>[0] = QUERY, hops = 1): Search {
  const search = memory.begin(query, hops, "");
  assert.ok(!("waitMs" in search), "the search may not begin");
  return search;
}

/** How long it is until a search may begin; 0 where it may. */
function waitMs(memory: SearchMemory, query = QUERY, hops = 1): number {
  const search = memory.begin(query, hops, "");
  if ("waitMs" in search) return search.waitMs;
  search.end("unknown");
  return 0;
}

suite("searches in vain", () => {
  test("are followed by pauses that double up to a bound, each counted once", () => {
    const clock = new FakeClock();
    const memory = new SearchMemory({ clock });
    for (const pauseMs of [2_000, 4_000, 8_000, 8_000]) {
      begun(memory).end("vain");
      assert.equal(waitMs(memory), pauseMs);
      clock.advance(pauseMs - 1);
      assert.equal(waitMs(memory), 1);
      clock.advance(1);
    }
    assert.deepEqual(memory.counts, { begun: 4, vain: 4, spared: 8 });
  });

  test("are whole ones once a minute", () => {
    const clock = new FakeClock();
    const memory = new SearchMemory({ clock });
    const wholeAtMs: number[] = [];
    const startMs = clock.monotonicMs();
    while (clock.monotonicMs() - startMs < 130_000) {
      const search = memory.begin(QUERY, 1, "");
      if (!("waitMs" in search)) {
        if (!search.isAgain) wholeAtMs.push(clock.monotonicMs() - startMs);
        search.end("vain");
      }
      clock.advance(1_000);
    }
    assert.deepEqual(wholeAtMs, [0, 62_000, 126_000]);
  });

  test("are shared by all who come while the first one runs, and the next is one request's", () => {
    const clock = new FakeClock();
    const memory = new SearchMemory({ clock });
    const shared = [begun(memory), begun(memory), begun(memory)];
    for (const search of shared) search.end("vain");
    assert.deepEqual(memory.counts, { begun: 1, vain: 1, spared: 0 });
    clock.advance(2_000);
    const next = begun(memory);
    assert.ok(waitMs(memory) > 0);
    next.end("vain");
    assert.equal(waitMs(memory), 4_000);
  });

  test("say nothing of other kinds, nor of circuits of another length", () => {
    const memory = new SearchMemory({ clock: new FakeClock() });
    begun(memory).end("vain");
    assert.equal(waitMs(memory, { roles: ["exit"], countries: ["fr"] }), 0);
    assert.equal(waitMs(memory, QUERY, 3), 0);
  });

  test("are forgotten at once when a node that fits answers, and when nobody asks for a minute", () => {
    const clock = new FakeClock();
    const memory = new SearchMemory({ clock });
    begun(memory).end("vain");
    memory.noteNode(advertisedNode({ country: "fr" }));
    assert.ok(waitMs(memory) > 0);
    memory.noteNode(advertisedNode({ country: "jp" }));
    begun(memory).end("vain");
    assert.equal(waitMs(memory), 2_000);
    clock.advance(62_000);
    begun(memory).end("vain");
    assert.equal(waitMs(memory), 2_000);
  });

  test("that were not finished count for nothing", () => {
    const memory = new SearchMemory({ clock: new FakeClock() });
    begun(memory).end("unknown");
    assert.deepEqual([waitMs(memory), memory.size], [0, 0]);
  });
});

test("the kinds that are remembered are bounded, and so are searches of all kinds", () => {
  const clock = new FakeClock();
  const memory = new SearchMemory({ clock });
  const { vainSearches, searchesAtOnce } = DISPATCH_LIMITS;
  for (let asn = 1; asn <= searchesAtOnce.value; asn += 1) begun(memory, queryOf(asn)).end("vain");
  assert.deepEqual(memory.begin(queryOf(0), 1, ""), { waitMs: 1_000 });
  for (let asn = 1_000; asn < 1_000 + vainSearches.value; asn += 1) {
    clock.advance(1_000);
    begun(memory, queryOf(asn)).end("vain");
  }
  assert.equal(memory.size, vainSearches.value);
});

test("a user who walks through a list of kinds takes no search from others", () => {
  const { searchesAtOnce, quietSearchesAtOnce, quietUserMs } = DISPATCH_LIMITS;
  const clock = new FakeClock();
  const memory = new SearchMemory({ clock });
  let asn = 0;
  const isBegun = (user: string): boolean => {
    asn += 1;
    const search = memory.begin(queryOf(asn), 1, user);
    if ("waitMs" in search) return false;
    search.end("vain");
    return true;
  };
  for (let n = 0; n < searchesAtOnce.value; n += 1) assert.ok(isBegun("scraper"));
  for (let n = 0; n < 100; n += 1) assert.ok(!isBegun("scraper"));
  assert.ok(isBegun("other"));
  assert.ok(!isBegun("other"), "it has had one");
  // Whoever takes many names takes no more than there is.
  let taken = 0;
  for (let n = 0; n < 1_000; n += 1) taken += isBegun(`name ${n}`) ? 1 : 0;
  assert.equal(taken, quietSearchesAtOnce.value - 1);
  clock.advance(quietUserMs.value);
  for (let n = 0; n < searchesAtOnce.value; n += 1) assert.ok(isBegun("scraper"));
  assert.ok(!isBegun("scraper"));
  assert.ok(isBegun("other"));
});
