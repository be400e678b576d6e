import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { DirectoryHub, type HubPeer } from "../../test/support/directory-hub.ts";
import { checks } from "../../test/support/health-checks.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

const IDENTITIES = Array.from({ length: 6 }, generateIdentity);
const who = fc.nat(IDENTITIES.length - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("answer" as const), who, rttMs: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("refuse" as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("renew" as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("move" as const), who, port: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("doubt" as const), who }) },
);

test("whoever hears of each change knows what is usable, is told each one once, and nothing after the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const nodes = IDENTITIES.map((identity) => advertisedNode({ identity }));
      const { clock, checker, known, asked, mirror, changes } = checks(nodes);
      const usable = (): readonly string[] => checker.usable({}).map(idOf).toSorted();
      const told = (): readonly string[] => [...mirror.keys()].toSorted();
      let seq = nodes[0]?.advertisement.seq ?? 0;
      const write = (at: number, port?: number): void => {
        const [identity, before] = [IDENTITIES[at], nodes[at]];
        if (identity === undefined || before === undefined) return;
        const endpoints = port === undefined ? before.advertisement.endpoints : [{ host: "127.0.0.1", port }];
        seq += 1;
        nodes[at] = advertisedNode({ identity, seq, endpoints });
        known.set(idOf(before), nodes[at]);
      };
      checker.start();
      for (const one of steps) {
        const peer = "who" in one ? idOf(nodes[one.who] ?? assert.fail()) : "";
        if (one.kind === "answer") asked.get(peer)?.answer(one.rttMs);
        if (one.kind === "refuse") asked.get(peer)?.refuse();
        if (one.kind === "renew") write(one.who);
        if (one.kind === "move") write(one.who, one.port);
        if (one.kind === "expire") known.delete(peer);
        if (one.kind === "doubt") checker.doubt(peer, false);
        if (one.kind === "wait") {
          for (let second = 0; second < one.seconds; second += 1) {
            clock.advance(1_000);
            await settled();
            const heard = told();
            assert.deepEqual(heard, usable(), "without anybody asking");
          }
        }
        await settled();
        const fresh = usable();
        assert.deepEqual(told(), fresh);
        for (const id of fresh) assert.equal(mirror.get(id)?.advertisement.seq, known.get(id)?.advertisement.seq);
      }
      // Nobody is told to have gone who was not there.
      const there = new Set<string>();
      for (const [id, isUsable] of changes) {
        assert.ok(isUsable || there.has(id));
        if (isUsable) there.add(id);
        else there.delete(id);
      }
      const before = changes.length;
      await checker.stop();
      known.clear();
      checker.usable({});
      await settled();
      assert.equal(changes.length, before);
    }),
    { numRuns: 60 },
  );
});

test("a check that finds the same round trip changes nothing, another one is told", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, changes } = checks([node]);
  checker.start();
  const seen: number[] = [];
  for (const rttMs of [5, 5, 7, 7, 5]) {
    asked.get(idOf(node))?.answer(rttMs);
    await settled();
    seen.push(changes.length);
    clock.advance(LIVENESS_LIMITS.recheckMs.value);
  }
  assert.deepEqual(seen, [1, 1, 2, 2, 3]);
  await checker.stop();
});

test("a directory tells of nodes with what was found out about them", async (t) => {
  const clock = new FakeClock();
  const hub = new DirectoryHub(t, clock);
  const first = await hub.node();
  const nodes: HubPeer[] = [first, await hub.node([first]), await hub.node([first])];
  await settled();
  const dead = new Set<string>();
  const mirror = new Map<string, BookPeer>();
  const client = await hub.client(
    [first],
    (peer) => !dead.has(peer),
    (peer, usable) => (usable ? mirror.set(idOf(peer), peer) : mirror.delete(idOf(peer))),
  );
  const wait = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1_000);
      await settled();
      const heard = [...mirror.keys()].toSorted();
      assert.deepEqual(heard, client.directory.usable({}).map(idOf).toSorted());
    }
  };
  await settled();
  await wait(2);
  assert.deepEqual([...mirror.keys()].toSorted(), nodes.map(({ overlay }) => overlay.peerId as string).toSorted());
  for (const peer of mirror.values()) assert.equal(peer.rttMs, 5);
  dead.add(nodes[1]?.overlay.peerId ?? "");
  await wait(LIVENESS_LIMITS.recheckMs.value / 1_000);
  assert.equal(mirror.size, 2);
  await client.directory.stop();
  const { size } = mirror;
  client.directory.usable({});
  assert.equal(mirror.size, size);
});

test("however many kinds are asked for, the nodes are bounded in all, and the kind unasked for longest loses first", async () => {
  const countries = ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh"];
  const nodes = countries.flatMap((country) => Array.from({ length: 60 }, () => advertisedNode({ country })));
  const { clock, checker, asked, told } = checks(nodes);
  checker.start();
  const answerAll = async (): Promise<void> => {
    while (asked.size > 0) {
      for (const { answer } of [...asked.values()]) answer(1);
      await settled();
    }
  };
  await answerAll();
  const count = (country: string): number => checker.usable({ countries: [country] }).length;
  const { usableForQuery, usableInAll, recheckMs } = LIVENESS_LIMITS;
  for (const country of countries) {
    checker.expect({ countries: [country] });
    checker.fill();
    await answerAll();
    assert.ok(count(country) >= usableForQuery.value, country);
    assert.ok(checker.size <= usableInAll.value);
  }
  assert.equal(checker.size, usableInAll.value);
  for (const country of ["ff", "gg", "hh"]) assert.ok(count(country) >= usableForQuery.value, country);
  assert.equal(count("cc"), 0);
  checker.expect({ countries: ["cc"] });
  checker.fill();
  await answerAll();
  assert.ok(count("cc") >= usableForQuery.value);
  const before = told.length;
  for (let second = 0; second < recheckMs.value / 1_000; second += 1) {
    clock.advance(1_000);
    await answerAll();
  }
  assert.ok(told.length - before <= usableInAll.value * 1.1, `${told.length - before} checks in one period`);
  await checker.stop();
});

test("a kind of which all nodes are known is not looked for again with each check", async () => {
  const nodes = Array.from({ length: 3 }, () => advertisedNode());
  const set = checks(nodes);
  set.checker.expect({ countries: ["jp"] });
  set.checker.start();
  for (const { answer } of [...set.asked.values()]) answer(1);
  await settled();
  const drawn = set.draws();
  for (let second = 1; second <= 10; second += 1) set.clock.advance(1_000);
  assert.equal(set.draws() - drawn, (2 * 10_000) / LIVENESS_LIMITS.redrawMs.value);
  set.checker.fill();
  assert.equal(set.draws() - drawn, 2 + (2 * 10_000) / LIVENESS_LIMITS.redrawMs.value);
  await set.checker.stop();
});
