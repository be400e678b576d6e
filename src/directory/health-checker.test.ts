import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { checks } from "../../test/support/health-checks.ts";
import { settled } from "../../test/support/settled.ts";
import { generateIdentity } from "../identity/identity.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";

const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

test("a node is usable once it has answered, and no longer when it does not", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, told } = checks([node]);
  checker.start();
  assert.deepEqual(checker.usable({}), []);
  asked.get(idOf(node))?.answer(12);
  await settled();
  assert.deepEqual(checker.usable({}).map(idOf), [idOf(node)]);
  clock.advance(DIRECTORY_LIMITS.recheckMs.value);
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
  for (let elapsedMs = 0; elapsedMs < DIRECTORY_LIMITS.thoroughMs.value * 1.5; elapsedMs += 1_000) {
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
  clock.advance(DIRECTORY_LIMITS.recheckMs.value);
  const [first, second, ...others] = [...asked.values()];
  first?.refuse();
  second?.refuse();
  for (const { answer } of others) answer(1);
  await settled();
  clock.advance(DIRECTORY_LIMITS.alarmRecheckMs.value - 1_001);
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
    clock.advance(DIRECTORY_LIMITS.alonePauseMs.value);
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
  clock.advance(DIRECTORY_LIMITS.checkMs.value);
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
  assert.equal(most, DIRECTORY_LIMITS.checks.value);
  assert.equal(checker.size, DIRECTORY_LIMITS.usablePeers.value);
  await checker.stop();
});

test("a kind that is asked for comes first, and is kept at hand beside the others", async () => {
  const others = Array.from({ length: 80 }, () => advertisedNode({ country: "de" }));
  const japanese = Array.from({ length: 60 }, () => advertisedNode({ country: "jp" }));
  const { checker, asked } = checks([...others, ...japanese]);
  const wish = { countries: ["jp"] };
  checker.expect(wish);
  checker.start();
  assert.deepEqual([...asked.keys()], japanese.slice(0, DIRECTORY_LIMITS.checks.value).map(idOf));
  while (asked.size > 0) {
    for (const { answer } of [...asked.values()]) answer(1);
    await settled();
  }
  assert.ok(checker.usable(wish).length >= DIRECTORY_LIMITS.usableForWish.value);
  await checker.stop();
});

test("one that seems to have failed in use is asked at once who it is, and is out only if it does not answer", async () => {
  const node = advertisedNode();
  const { clock, checker, asked } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  for (const answers of [true, false]) {
    checker.doubt(idOf(node));
    checker.doubt(idOf(node));
    assert.equal(checker.usable({}).length, 1);
    const { thorough, answer, refuse } = asked.get(idOf(node)) ?? assert.fail();
    assert.ok(thorough);
    if (answers) answer(1);
    else refuse();
    await settled();
    assert.equal(checker.usable({}).length, answers ? 1 : 0);
  }
  clock.advance(1_000);
  checker.doubt(idOf(node));
  assert.equal(asked.size, 0);
  await checker.stop();
});

test("one whose advertisement expired is dropped", async () => {
  const node = advertisedNode();
  const { clock, checker, asked, known } = checks([node]);
  checker.start();
  asked.get(idOf(node))?.answer(1);
  await settled();
  known.clear();
  clock.advance(DIRECTORY_LIMITS.recheckMs.value);
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
    for (let passedMs = 0; passedMs <= DIRECTORY_LIMITS.redrawMs.value; passedMs += 1_000) {
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
  clock.advance(DIRECTORY_LIMITS.checkPauseMs.value);
  assert.equal(asked.get(idOf(node))?.thorough, true);
  asked.get(idOf(node))?.answer(1);
  await settled();
  assert.deepEqual(checker.usable({}).map(idOf), [idOf(node)]);
  await checker.stop();
});
