import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { ALL_KNOWN, answeringNodes, indexOf, node } from "../../test/support/candidates.ts";
import { fakeDirectory } from "../../test/support/fake-directory.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { openPeers } from "../peers/open-peers.ts";
import type { Candidate } from "../routing/candidate.ts";
import { GuardSet } from "../routing/guard-set.ts";
import type { PlanRequest } from "../routing/plan-request.ts";
import { MemoryRecords } from "../storage/record-keeper.ts";
import type { TrustSource } from "../trust/trust-source.ts";
import { CandidateSource } from "./candidate-source.ts";
import { PathPlanner } from "./path-planner.ts";

const IDS: readonly string[] = Array.from({ length: 40 }, () => generateIdentity().peerId);

function plannerOf(candidates: readonly Candidate[], trust: TrustSource = ALL_KNOWN, hops = 1): PathPlanner {
  const index = indexOf(candidates, trust);
  const random = seededRandom(7);
  const guards = new GuardSet({ clock: new FakeClock(), random, records: new MemoryRecords() });
  return new PathPlanner({ peers: answeringNodes(index), guards, random }, { defaultHops: hops });
}

function countExits(
  planner: PathPlanner,
  picks: number,
  asked: Partial<PlanRequest> = {},
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let n = 0; n < picks; n += 1) {
    const exit = String(planner.hops({ constraints: {}, ...asked }).at(-1)?.peerId);
    counts.set(exit, (counts.get(exit) ?? 0) + 1);
  }
  return counts;
}

suite("ten thousand picks of a client", () => {
  test("nodes with little history get five of a hundred, together", () => {
    const fresh = new Set(IDS.slice(0, 10));
    const trust: TrustSource = { trustOf: (id) => ({ score: 0.8, observations: fresh.has(id) ? 0 : 10 }) };
    const counts = countExits(
      plannerOf(
        IDS.map((id) => node(id)),
        trust,
      ),
      10_000,
    );
    const explored = [...fresh].reduce((sum, id) => sum + (counts.get(id) ?? 0), 0);
    assert.ok(explored > 410 && explored < 590, `${explored}`);
  });

  test("a crowd in one /24 gets what one node gets, and a boaster no more than twice its capped share", () => {
    const candidates = IDS.map((id, at) =>
      node(id, { subnet: at < 20 ? "203.0.113.0/24" : `s${at}`, capacityMbps: at === 39 ? 4_000_000 : 200 }),
    );
    const counts = countExits(plannerOf(candidates), 10_000);
    const crowd = IDS.slice(0, 20).reduce((sum, id) => sum + (counts.get(id) ?? 0), 0);
    const single = (10_000 - crowd) / 20;
    assert.ok(crowd < 1.25 * single, `${crowd} ${single}`);
    assert.ok((counts.get(String(IDS[39])) ?? 0) < 1.25 * single);
  });

  test("a node that failed gets nothing", () => {
    const failed = new Set(IDS.slice(0, 3));
    const counts = countExits(plannerOf(IDS.map((id) => node(id))), 10_000, { failed });
    for (const id of failed) assert.equal(counts.get(id), undefined);
  });

  test("of three hops no two are related, and the first is one of two guards", () => {
    const planner = plannerOf(
      IDS.map((id, at) => node(id, { network: `net-${at >> 1}` })),
      ALL_KNOWN,
      3,
    );
    const firsts = new Map<string, number>();
    for (let n = 0; n < 10_000; n += 1) {
      const hops = planner.hops({ constraints: {} });
      const networks = hops.map(({ peerId }) => IDS.indexOf(peerId) >> 1);
      assert.equal(new Set(networks).size, 3);
      const first = String(hops[0]?.peerId);
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    const counts = [...firsts.values()].sort((a, b) => b - a);
    assert.ok((counts[0] ?? 0) + (counts[1] ?? 0) > 9_500, counts.join(" "));
    assert.ok(firsts.size <= 3, counts.join(" "));
  });
});

test("a client that was just started enters through the guards that it had, before any node has answered", (t) => {
  const clock = new FakeClock();
  const records = new MemoryRecords();
  const kept = openPeers({ clock, random: seededRandom(1), logger: silentLogger }, { localNetwork: true });
  t.after(() => kept.stop());
  const nodes = IDS.map((_, at) => advertisedNode({ endpoints: [{ host: `10.${at}.0.1`, port: 443 }] }));
  for (const { envelope } of nodes) kept.book.add(envelope, { kind: "file" });
  const start = (seed: number, candidates: readonly KnownPeer[]): { peers: CandidateSource; planner: PathPlanner } => {
    const random = seededRandom(seed);
    const guards = new GuardSet({ clock, random, records });
    const peers = new CandidateSource(
      { clock, book: kept.book, trust: ALL_KNOWN, more: undefined },
      { sharedNetworks: false },
    );
    peers.follow(fakeDirectory({ candidates: () => candidates, expect: () => {} }));
    return { peers, planner: new PathPlanner({ peers, guards, random }, { defaultHops: 3 }) };
  };
  const firstsOf = (planner: PathPlanner): ReadonlySet<string> =>
    new Set(Array.from({ length: 100 }, () => String(planner.hops({ constraints: {} })[0]?.peerId)));

  const before = start(1, []);
  for (const known of nodes) before.peers.noteUsable(known, true);
  const guards = firstsOf(before.planner);
  const strangers = nodes.filter(({ advertisement }) => !guards.has(advertisement.peer)).slice(0, 20);
  const again = firstsOf(start(2, strangers).planner);
  assert.ok(again.isSubsetOf(guards), `${[...again]} and ${[...guards]}`);
});

test("who makes all guards fail does not drive a client to others: they are tried again", () => {
  const planner = plannerOf(
    IDS.map((id) => node(id)),
    ALL_KNOWN,
    3,
  );
  const guards = new Set(planner.firstHops().map(({ peerId }) => String(peerId)));
  assert.ok(guards.size > 0);
  const [one = ""] = guards;
  const first = (failed: Iterable<string>): string =>
    String(planner.hops({ constraints: {}, failed: new Set(failed) })[0]?.peerId);
  for (let n = 0; n < 50; n += 1) {
    assert.ok(guards.has(first(guards)), "another first hop was chosen");
    if (guards.size > 1) assert.notEqual(first([one]), one);
  }
  const [other = ""] = IDS.filter((id) => !guards.has(id));
  const exits = Array.from({ length: 50 }, () =>
    planner.hops({ constraints: {}, failed: new Set([...guards, other]) }),
  );
  assert.ok(
    exits.flat().every(({ peerId }) => peerId !== other),
    "what failed besides the guards was chosen",
  );
});

test("the relay before a node that is looked at is neither a first hop, nor that node, nor one that nobody witnessed", () => {
  const exits = IDS.slice(0, 5).map((id) => node(id, { roles: ["exit"] }));
  const alone = IDS.slice(5, 10).map((id) => node(id, { namedIn: [] }));
  const relays = IDS.slice(10, 20).map((id) => node(id));
  const planner = plannerOf([...exits, ...alone, ...relays], ALL_KNOWN, 3);
  const first = new Set<string>(planner.firstHops().map(({ peerId }) => peerId));
  const looked = IDS[10] ?? assert.fail();
  const seen = new Set(Array.from({ length: 200 }, () => String(planner.relayBefore(looked, new Set())?.peerId)));
  const expected = IDS.slice(11, 20).filter((id) => !first.has(id));
  assert.ok(expected.length > 0);
  assert.deepEqual([...seen].sort(), [...expected].sort());
  const [last = "", ...others] = expected;
  for (let n = 0; n < 20; n += 1) assert.equal(planner.relayBefore(looked, new Set(others))?.peerId, last);
  assert.ok(planner.relayBefore(looked, new Set(expected)), "one that was used is better than none");
  assert.equal(plannerOf(relays.slice(0, 1), ALL_KNOWN, 3).relayBefore(looked, new Set()), undefined);
});
