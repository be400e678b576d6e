import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { checks } from "../../test/support/health-checks.ts";
import { settled } from "../../test/support/settled.ts";
import { FakeClock } from "../core/fake-clock.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { CheckModes } from "./check-modes.ts";
import { FarLooks } from "./far-looks.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const RELAY = { roles: ["relay"] };
const EXIT = { roles: ["exit"] };
const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

/** What a node is seen to do that fails behind others at `atMs`. */
interface Failure {
  readonly atMs: number;
  /** How long it then answers nobody who asks by way of others. */
  readonly silentMs: number;
}

/** When a node is asked from here, in ms, while it fails behind others or does not. */
async function askedFromHere(isFar: boolean, failure?: Failure): Promise<readonly number[]> {
  const node = advertisedNode({ roles: ["relay", "exit"] });
  const other = advertisedNode({ roles: ["relay"] });
  const { checker, clock, asked } = checks([node, other], { isSharedNetwork: true, isFar, canCheckFar: () => true });
  const isSilent = (ms: number): boolean =>
    failure !== undefined && ms >= failure.atMs && ms < failure.atMs + failure.silentMs;
  const times: number[] = [];
  checker.start();
  for (let ms = 0; ms < 900_000; ms += 1_000) {
    checker.expect(RELAY);
    if (ms === failure?.atMs) void checker.doubt(idOf(node), true);
    for (const [id, { isFar: way, answer, refuse }] of [...asked]) {
      if (id === idOf(node) && !way) times.push(ms);
      if (id === idOf(node) && way && isSilent(ms)) refuse();
      else answer(20);
    }
    await settled();
    clock.advance(1_000);
    await settled();
  }
  await checker.stop();
  return times;
}

test("a node learns nothing by when it is asked from here, whenever it failed behind others, and whatever it did then", async () => {
  const undisturbed = await askedFromHere(false);
  assert.ok(undisturbed.length > 5);
  for (const atMs of [200_000, 231_000]) {
    for (const silentMs of [0, 1_000, 150_000]) {
      assert.deepEqual(await askedFromHere(false, { atMs, silentMs }), undisturbed, `${atMs}, ${silentMs}`);
    }
  }
});

test("a node that was only asked by way of others is not asked from here after it failed behind them", async () => {
  for (const silentMs of [0, 1_000, 150_000]) {
    assert.deepEqual(await askedFromHere(true, { atMs: 200_000, silentMs }), []);
  }
});

test("where nobody is left to ask through, it is asked from here again", async () => {
  const node = advertisedNode({ roles: ["relay", "exit"] });
  let canCheckFar = true;
  const { checker, clock, asked } = checks([node], {
    isSharedNetwork: true,
    isFar: true,
    canCheckFar: () => canCheckFar,
  });
  checker.start();
  asked.get(idOf(node))?.refuse();
  await settled();
  canCheckFar = false;
  checker.expect(RELAY);
  clock.advance(LIVENESS_LIMITS.alonePauseMs.value);
  assert.equal(asked.get(idOf(node))?.isFar, false);
  await checker.stop();
});

test("a node that answers from here, and not by way of others, is not usable until it does", async () => {
  const node = advertisedNode({ roles: ["exit"] });
  const { checker, clock, asked, told, mirror } = checks([node], { isSharedNetwork: true, canCheckFar: () => true });
  checker.start();
  asked.get(idOf(node))?.answer(20);
  await settled();
  const doubt = checker.doubt(idOf(node), true);
  const same = checker.doubt(idOf(node), true);
  assert.equal(asked.get(idOf(node))?.isFar, true);
  asked.get(idOf(node))?.refuse();
  assert.deepEqual([await doubt, await same], [false, false]);
  assert.equal(checker.usable(EXIT).length, 0);
  assert.equal(mirror.size, 0);
  assert.deepEqual(told.at(-1), [idOf(node), undefined]);
  assert.equal(await checker.doubt(idOf(node), true), false);
  assert.equal(asked.size, 0);
  clock.advance(LIVENESS_LIMITS.failedPauseMs.value);
  assert.equal(asked.get(idOf(node))?.isFar, true);
  asked.get(idOf(node))?.answer(90);
  await settled();
  assert.equal(checker.usable(EXIT).length, 1);
  assert.deepEqual(told.at(-1), [idOf(node), 20]);
  await checker.stop();
});

test("looks at once are bounded", async () => {
  const clock = new FakeClock();
  const node = advertisedNode();
  const ends: ((found: boolean | undefined) => void)[] = [];
  const looks = new FarLooks({
    clock,
    ask: () => new Promise((resolve) => ends.push(resolve)),
    onLooked: () => {},
  });
  const { value: most } = LIVENESS_LIMITS.checks;
  const found = Array.from({ length: most }, () => looks.look(advertisedNode()));
  assert.equal(ends.length, most);
  assert.equal(await looks.look(node), undefined);
  for (const end of ends.splice(0)) end(true);
  assert.deepEqual(new Set(await Promise.all(found)), new Set([true]));
});

test("pauses between looks at a node that stays silent grow", async () => {
  const clock = new FakeClock();
  const node = advertisedNode();
  let asks = 0;
  const ask = async (): Promise<boolean> => {
    asks += 1;
    return false;
  };
  const looks = new FarLooks({ clock, ask, onLooked: () => {} });
  const { failedPauseMs } = LIVENESS_LIMITS;
  const { failedPauseMaxMs } = PEERS_LIMITS;
  for (let times = 0; times < 12; times += 1) {
    assert.equal(await looks.look(node), false);
    assert.equal(asks, times + 1);
    const pauseMs = Math.min(failedPauseMaxMs.value, failedPauseMs.value * 2 ** times);
    clock.advance(pauseMs - 1);
    assert.equal(looks.isDue(idOf(node)), false);
    clock.advance(1);
    assert.equal(looks.isDue(idOf(node)), true);
  }
});

test("what is remembered of ways and of looks is bounded", async () => {
  const ways = new CheckModes();
  for (let n = 0; n <= LIVENESS_LIMITS.checkModes.value; n += 1) ways.settle(`peer ${n}`, true);
  assert.equal(ways.isFar("peer 0"), false);
  assert.equal(ways.isFar("peer 1"), true);
  const looks = new FarLooks({ clock: new FakeClock(), ask: async () => false, onLooked: () => {} });
  const node = advertisedNode();
  const named = (n: number): KnownPeer => ({ ...node, advertisement: { ...node.advertisement, peer: `peer ${n}` } });
  for (let n = 0; n <= PEERS_LIMITS.failedPeers.value; n += 1) await looks.look(named(n));
  assert.equal(looks.hasFailed("peer 0"), false);
  assert.equal(looks.hasFailed("peer 1"), true);
});
