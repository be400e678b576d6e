import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { checks } from "../../test/support/health-checks.ts";
import { settled } from "../../test/support/settled.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

test("a node is usable once it has answered, and no longer when it does not", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, told } = checks([node]);
  checker.start();
  assert.deepEqual(checker.usable({}), []);
  asked.get(idOf(node))?.answer(12);
  await settled();
  assert.deepEqual(checker.usable({}).map(idOf), [idOf(node)]);
  clock.advance(LIVENESS_LIMITS.recheckMs.value);
  asked.get(idOf(node))?.refuse();
  await settled();
  assert.deepEqual(checker.usable({}), []);
  assert.deepEqual(told, [
    [idOf(node), 12],
    [idOf(node), undefined],
  ]);
  await checker.stop();
  assert.equal(clock.pending, 0);
});

test("a usable node proves who it is from time to time, and only shows life in between", async () => {
  const node = advertisedNode();
  const { clock, checker, asked } = checks([node]);
  checker.start();
  const seen: boolean[] = [];
  for (let elapsedMs = 0; elapsedMs < LIVENESS_LIMITS.thoroughMs.value * 1.5; elapsedMs += 1_000) {
    for (const { thorough, answer } of [...asked.values()]) {
      seen.push(thorough);
      answer(1);
    }
    await settled();
    assert.equal(checker.usable({}).length, 1, "it stays usable all the time");
    clock.advance(1_000);
  }
  assert.deepEqual(seen.map(Number).join(""), "1000000000010000");
  await checker.stop();
});

test("when usable nodes are found gone, the others are asked more often", async () => {
  const nodes = Array.from({ length: 4 }, () => advertisedNode());
  const { clock, checker, asked } = checks(nodes);
  checker.start();
  for (const { answer } of [...asked.values()]) answer(1);
  await settled();
  clock.advance(LIVENESS_LIMITS.recheckMs.value);
  const [first, second, ...others] = [...asked.values()];
  first?.refuse();
  second?.refuse();
  for (const { answer } of others) answer(1);
  await settled();
  clock.advance(LIVENESS_LIMITS.alarmRecheckMs.value - 1_001);
  assert.equal(asked.size, 0);
  clock.advance(1_001);
  assert.equal(asked.size, 2);
  await checker.stop();
});

test("one that does not answer is asked again after a pause that doubles, as long as others do", async () => {
  const [node, other] = [advertisedNode(), advertisedNode()];
  const { clock, checker, asked, told } = checks([other, node]);
  checker.start();
  const pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 1_000) {
      asked.get(idOf(other))?.answer(1);
      await settled();
      clock.advance(1_000);
    }
  };
  asked.get(idOf(other))?.answer(1);
  await settled();
  for (const pauseMs of [60_000, 120_000, 240_000]) {
    asked.get(idOf(node))?.refuse();
    await settled();
    await pass(pauseMs - 1_000);
    assert.ok(!asked.has(idOf(node)), `asked again within ${pauseMs} ms`);
    await pass(2_000);
    assert.ok(asked.has(idOf(node)), `not asked after ${pauseMs} ms`);
  }
  assert.equal(told.filter(([peer, rttMs]) => peer === idOf(node) && rttMs === undefined).length, 3);
  await checker.stop();
});

test("while none answers nothing is held against any, and each is soon asked again", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, told } = checks([node]);
  checker.start();
  for (let tries = 0; tries < 5; tries += 1) {
    asked.get(idOf(node))?.refuse();
    await settled();
    clock.advance(LIVENESS_LIMITS.alonePauseMs.value);
    assert.ok(asked.has(idOf(node)), `not asked after try ${tries}`);
  }
  assert.deepEqual(told, []);
  await checker.stop();
});

test("a node that hangs is given up in time", async () => {
  const [node, other] = [advertisedNode(), advertisedNode()];
  const { clock, checker, asked, told } = checks([node, other]);
  checker.start();
  asked.get(idOf(other))?.answer(1);
  await settled();
  clock.advance(LIVENESS_LIMITS.checkMs.value);
  await settled();
  assert.deepEqual(told.at(-1), [idOf(node), undefined]);
  await checker.stop();
});

test("no more checks run at a time than the limit, and no more nodes are kept than are wanted", async () => {
  const nodes = Array.from({ length: 100 }, () => advertisedNode());
  const { checker, asked } = checks(nodes);
  checker.start();
  let most = 0;
  while (asked.size > 0) {
    most = Math.max(most, asked.size);
    for (const { answer } of [...asked.values()]) answer(1);
    await settled();
  }
  assert.equal(most, LIVENESS_LIMITS.checks.value);
  assert.equal(checker.size, LIVENESS_LIMITS.usablePeers.value);
  await checker.stop();
});

test("a kind that is asked for comes first, and is kept at hand beside the others", async () => {
  const others = Array.from({ length: 80 }, () => advertisedNode({ country: "de" }));
  const japanese = Array.from({ length: 60 }, () => advertisedNode({ country: "jp" }));
  const { checker, asked } = checks([...others, ...japanese]);
  const query = { countries: ["jp"] };
  checker.expect(query);
  checker.start();
  assert.deepEqual([...asked.keys()], japanese.slice(0, LIVENESS_LIMITS.checks.value).map(idOf));
  while (asked.size > 0) {
    for (const { answer } of [...asked.values()]) answer(1);
    await settled();
  }
  assert.ok(checker.usable(query).length >= LIVENESS_LIMITS.usableForQuery.value);
  await checker.stop();
});

test("one that seems to have failed in use is asked at once who it is, and is out only if it does not answer", async () => {
  const node = advertisedNode();
  const { clock, checker, asked } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  for (const answers of [true, false]) {
    checker.doubt(idOf(node), false);
    checker.doubt(idOf(node), false);
    assert.equal(checker.usable({}).length, 1);
    const { thorough, answer, refuse } = asked.get(idOf(node)) ?? assert.fail();
    assert.ok(thorough);
    if (answers) answer(1);
    else refuse();
    await settled();
    assert.equal(checker.usable({}).length, answers ? 1 : 0);
  }
  clock.advance(1_000);
  checker.doubt(idOf(node), false);
  assert.equal(asked.size, 0);
  await checker.stop();
});

test("who doubts a node hears whether it answers, from a check that runs or ran a moment ago as well", async () => {
  const [node, other, unknown] = [advertisedNode(), advertisedNode(), advertisedNode()];
  const { clock, checker, asked } = checks([node, other]);
  checker.start();
  for (const { answer } of [...asked.values()]) answer(1);
  await settled();
  const finds = async (how: "answer" | "refuse"): Promise<readonly unknown[]> => {
    const doubts = [checker.doubt(idOf(node), false), checker.doubt(idOf(node), false)];
    asked.get(idOf(node))?.[how](1);
    return Promise.all(doubts);
  };
  assert.deepEqual(await finds("answer"), [true, true]);
  assert.deepEqual(await finds("refuse"), [false, false]);
  assert.deepEqual([await checker.doubt(idOf(node), false), asked.size], [false, 0], "it is not asked again");
  assert.equal(await checker.doubt(idOf(unknown), false), undefined);
  await checker.stop();
  assert.equal(await checker.doubt(idOf(other), false), undefined);
  assert.equal(clock.pending, 0);
});

test("where nobody answers, silence says nothing of a node that is doubted", async () => {
  const node = advertisedNode();
  const { clock, checker, asked } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  clock.advance(LIVENESS_LIMITS.recheckMs.value + 1);
  const doubt = checker.doubt(idOf(node), false);
  asked.get(idOf(node))?.refuse();
  assert.deepEqual([await doubt, await checker.doubt(idOf(node), false)], [undefined, undefined]);
  await checker.stop();
});

test("one whose advertisement expired is dropped", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, known } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  known.clear();
  clock.advance(LIVENESS_LIMITS.recheckMs.value);
  assert.equal(checker.size, 0);
  await checker.stop();
});

test("stop ends running checks, and those who wait", async () => {
  const { checker, asked, told } = checks([advertisedNode()]);
  checker.start();
  const waiting = checker.next(new AbortController().signal);
  await checker.stop();
  await waiting;
  assert.equal(asked.size, 0);
  assert.deepEqual(told, []);
});

test("a pause is over for a node that has moved", async () => {
  const identity = generateIdentity();
  const [node, other] = [advertisedNode({ identity }), advertisedNode()];
  const { clock, checker, asked, known } = checks([other, node]);
  checker.start();
  const pass = async (): Promise<void> => {
    for (let passedMs = 0; passedMs <= LIVENESS_LIMITS.redrawMs.value; passedMs += 1_000) {
      asked.get(idOf(other))?.answer(1);
      await settled();
      if (!asked.has(idOf(node))) clock.advance(1_000);
    }
  };
  // Where another one answers, that this one does not is held against it for a minute.
  asked.get(idOf(other))?.answer(1);
  await settled();
  asked.get(idOf(node))?.refuse();
  await pass();
  assert.ok(!asked.has(idOf(node)));
  known.set(idOf(node), advertisedNode({ identity, endpoints: [{ host: "127.0.0.2", port: 1 }] }));
  await pass();
  asked.get(idOf(node))?.answer(1);
  await settled();
  assert.ok(checker.usable({}).map(idOf).includes(idOf(node)));
  await checker.stop();
});

test("a node that moves is not usable before it has proved itself where it is now", async () => {
  const identity = generateIdentity();
  const node = advertisedNode({ identity });
  const { clock, checker, asked, known } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  known.set(idOf(node), advertisedNode({ identity, endpoints: [{ host: "127.0.0.2", port: 1 }] }));
  assert.deepEqual(checker.usable({}), []);
  clock.advance(LIVENESS_LIMITS.checkPauseMs.value);
  assert.equal(asked.get(idOf(node))?.thorough, true);
  asked.get(idOf(node))?.answer(1);
  await settled();
  assert.deepEqual(checker.usable({}).map(idOf), [idOf(node)]);
  await checker.stop();
});

test("a check that is slow to connect gives its place to others and goes on", async () => {
  const { checks: places, checkConnectMs, checkMs } = LIVENESS_LIMITS;
  const nodes = Array.from({ length: places.value * 2 }, () => advertisedNode());
  const { clock, checker, asked } = checks(nodes);
  checker.start();
  const [connected, slow] = [...asked.values()];
  connected?.connect();
  clock.advance(checkConnectMs.value);
  await settled();
  assert.equal(asked.size, places.value * 2 - 1, "all but the one that is connected have given up their places");
  slow?.answer(2_000);
  await settled();
  assert.equal(checker.size, 1);
  clock.advance(checkMs.value);
  await settled();
  assert.equal(checker.size, 1);
  await checker.stop();
  assert.equal(clock.pending, 0);
});

test("no more checks go on without a place than the limit; the oldest are given up", async () => {
  const { slowChecks, checks: places, checkConnectMs } = LIVENESS_LIMITS;
  const nodes = Array.from({ length: slowChecks.value + places.value * 3 }, () => advertisedNode());
  const { clock, checker, asked } = checks(nodes);
  checker.start();
  const first = [...asked.keys()];
  for (let second = 1; second <= 4; second += 1) {
    clock.advance(checkConnectMs.value);
    await settled();
  }
  assert.equal(asked.size, slowChecks.value + places.value);
  assert.ok(!first.some((peer) => asked.has(peer)));
  await checker.stop();
});

test("one that moves with each signature is not checked for each", async () => {
  const identity = generateIdentity();
  const moved = (to: number): KnownPeer =>
    advertisedNode({ identity, endpoints: [{ host: `51.${to}.0.2`, port: 443 }] });
  const other = advertisedNode({ endpoints: [{ host: "52.1.0.1", port: 443 }] });
  const { clock, checker, asked, known } = checks([other, moved(0)], {});
  checker.start();
  asked.get(idOf(other))?.answer(1);
  asked.get(identity.peerId)?.answer(1);
  await settled();
  let tried = 0;
  for (let second = 1; second <= 120; second += 1) {
    known.set(identity.peerId, moved(second));
    clock.advance(1_000);
    await settled();
    asked.get(idOf(other))?.answer(1);
    if (asked.has(identity.peerId)) tried += 1;
    asked.get(identity.peerId)?.refuse();
    await settled();
  }
  assert.equal(tried, 2, "where it moved to, and once more for the one move that ends a pause");
  assert.deepEqual(checker.usable({}).map(idOf), [idOf(other)]);
  await checker.stop();
});

test("no more than so many at one address are checked at a time", async () => {
  const { failuresPerAddress } = LIVENESS_LIMITS;
  const nodes = Array.from({ length: 16 }, (_, n) =>
    advertisedNode({ endpoints: [{ host: "51.20.0.2", port: 1_000 + n }] }),
  );
  const { checker, asked } = checks(nodes, {});
  checker.start();
  assert.equal(asked.size, failuresPerAddress.value);
  await checker.stop();
});

test("no more kinds of nodes are remembered as asked for than the limit; the one asked for longest ago goes", async () => {
  const { queries } = LIVENESS_LIMITS;
  const nodes = ["aa", "bb"].map((country) => advertisedNode({ country }));
  const { checker, draws } = checks(nodes);
  for (let asn = 1; asn <= queries.value * 3; asn += 1) checker.expect({ asns: [asn] });
  checker.start();
  assert.equal(draws(), queries.value + 1, "each kind is drawn once, and any");
  await checker.stop();
});

test("one that answers and then moves to where others failed is not checked there", async () => {
  const identity = generateIdentity();
  const mover = advertisedNode({ identity, endpoints: [{ host: "52.1.0.1", port: 443 }] });
  const others = Array.from({ length: LIVENESS_LIMITS.failuresPerAddress.value }, (_, n) =>
    advertisedNode({ endpoints: [{ host: "51.20.0.2", port: 1_000 + n }] }),
  );
  const { clock, checker, asked, known } = checks([mover, ...others], {});
  checker.start();
  asked.get(idOf(mover))?.answer(1);
  await settled();
  for (const { refuse } of [...asked.values()]) refuse();
  await settled();
  known.set(idOf(mover), advertisedNode({ identity, endpoints: [{ host: "51.20.0.2", port: 9 }] }));
  clock.advance(LIVENESS_LIMITS.redrawMs.value);
  await settled();
  assert.deepEqual([...asked.keys()], []);
  await checker.stop();
});

test("nodes that answer stay usable, however many are known that do not", async () => {
  const { recheckMs } = LIVENESS_LIMITS;
  const live = Array.from({ length: 4 }, () => advertisedNode());
  const silent = Array.from({ length: 4_000 }, () => advertisedNode());
  const { clock, checker, asked } = checks([...live, ...silent]);
  checker.start();
  for (let second = 0; second < (recheckMs.value / 1_000) * 2; second += 1) {
    for (const node of live) asked.get(idOf(node))?.answer(1);
    await settled();
    assert.equal(checker.usable({}).length, live.length, `after ${second} s`);
    clock.advance(1_000);
  }
  await checker.stop();
});
