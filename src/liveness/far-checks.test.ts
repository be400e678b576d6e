import assert from "node:assert/strict";
import { test } from "node:test";
import { advertisedNode } from "../../test/support/advertised-node.ts";
import { type Checks, checks } from "../../test/support/health-checks.ts";
import { settled } from "../../test/support/settled.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

const EXIT = { roles: ["exit"] };
const RELAY = { roles: ["relay"] };
const idOf = ({ advertisement }: KnownPeer): string => advertisement.peer;

async function answerAll(asked: Checks["asked"]): Promise<void> {
  for (const { answer } of [...asked.values()]) answer(1);
  await settled();
}

function setUp(isFar = true) {
  const relay = advertisedNode({ roles: ["relay"] });
  const exit = advertisedNode({ roles: ["exit"] });
  let canCheckFar = false;
  const made = checks([relay, exit], { isSharedNetwork: true, isFar, canCheckFar: () => canCheckFar });
  const allow = (): void => {
    canCheckFar = true;
  };
  return { ...made, relay, exit, allow };
}

test("a node that will stand behind others is not asked from here, and not before there is another way", async () => {
  const { checker, clock, asked, relay, exit, allow } = setUp();
  checker.expect(EXIT, true);
  checker.expect(RELAY);
  checker.start();
  assert.deepEqual([...asked.keys()], [idOf(relay)]);
  await answerAll(asked);
  clock.advance(LIVENESS_LIMITS.redrawMs.value);
  assert.equal(asked.size, 0);
  allow();
  clock.advance(LIVENESS_LIMITS.redrawMs.value);
  assert.deepEqual(
    [...asked].map(([id, { isFar, thorough }]) => [id, isFar, thorough]),
    [[idOf(exit), true, true]],
  );
  await answerAll(asked);
  assert.equal(checker.usable(EXIT).length, 1);
  await checker.stop();
});

test("it stays usable longer than a node that is asked from here, and is asked the same way again", async () => {
  const { checker, clock, asked, exit, allow } = setUp();
  allow();
  checker.expect(EXIT, true);
  checker.start();
  await answerAll(asked);
  for (let ms = 0; ms < LIVENESS_LIMITS.farRecheckMs.value; ms += 1_000) {
    clock.advance(1_000);
    assert.equal(checker.usable(EXIT).length, 1, `after ${ms} ms`);
    if (asked.has(idOf(exit))) break;
    await answerAll(asked);
  }
  assert.deepEqual([asked.get(idOf(exit))?.isFar, asked.get(idOf(exit))?.thorough], [true, true]);
  await checker.stop();
});

test("one that failed behind others is looked at by way of others, though it is asked from here otherwise", async () => {
  const { checker, clock, asked, exit, allow } = setUp(false);
  allow();
  checker.start();
  await answerAll(asked);
  const doubt = checker.doubt(idOf(exit), true);
  assert.equal(asked.get(idOf(exit))?.isFar, true);
  asked.get(idOf(exit))?.answer(200);
  assert.equal(await doubt, true);
  // Its round trip from here is not what was found on the other way.
  assert.equal(checker.usable(EXIT).length, 1);
  clock.advance(LIVENESS_LIMITS.recheckMs.value - 1_000);
  assert.equal(asked.get(idOf(exit))?.isFar, false);
  await checker.stop();
});

test("where nobody could be asked through, nothing is known: neither of one that is new, nor of one that is doubted", async () => {
  const { checker, clock, asked, told, exit, allow } = setUp();
  allow();
  checker.expect(EXIT, true);
  checker.start();
  asked.get(idOf(exit))?.answer(undefined);
  await settled();
  assert.deepEqual(
    told.filter(([id]) => id === idOf(exit)),
    [],
  );
  clock.advance(LIVENESS_LIMITS.alonePauseMs.value);
  await answerAll(asked);
  assert.equal(checker.usable(EXIT).length, 1);
  const doubt = checker.doubt(idOf(exit), true);
  asked.get(idOf(exit))?.answer(undefined);
  assert.equal(await doubt, undefined);
  assert.equal(checker.usable(EXIT).length, 1);
  await checker.stop();
});
