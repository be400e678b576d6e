import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordingLogger } from "../../test/support/recording-logger.ts";
import { settled } from "../../test/support/settled.ts";
import { BywayError } from "../core/errors.ts";
import { FakeClock } from "../core/fake-clock.ts";
import { silentLogger } from "../core/logger.ts";
import { seededRandom } from "../core/random.ts";
import { Rounds } from "./rounds.ts";

test("rounds follow one another with a pause, and never two at a time", async () => {
  const clock = new FakeClock();
  let running = 0;
  let rounds = 0;
  let finish = (): void => {};
  const made = new Rounds(
    { clock, random: seededRandom(1), logger: silentLogger },
    async () => {
      running += 1;
      assert.equal(running, 1);
      rounds += 1;
      await new Promise<void>((resolve) => (finish = resolve));
      running -= 1;
    },
    () => 1_000,
  );
  made.start();
  made.start();
  made.hasten();
  clock.advance(5_000);
  assert.equal(rounds, 1, "a round is running, so no other begins");
  finish();
  await settled();
  clock.advance(749);
  assert.equal(rounds, 1);
  clock.advance(501);
  assert.equal(rounds, 2);
  finish();
  await settled();
  made.hasten();
  assert.equal(rounds, 3);
  const stopped = made.stop();
  finish();
  await stopped;
  assert.equal(clock.pending, 0);
  made.hasten();
  assert.equal(rounds, 3);
});

test("stop takes back the round that is running", async () => {
  const rounds = new Rounds(
    { clock: new FakeClock(), random: seededRandom(1), logger: silentLogger },
    (signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    () => 1,
  );
  rounds.start();
  await rounds.stop();
  await rounds.stop();
});

test("a round that fails is told, and another one follows it", async () => {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  let count = 0;
  const rounds = new Rounds(
    { clock, random: seededRandom(1), logger },
    async () => {
      count += 1;
      throw new BywayError("ERR_STORE", "the store is locked");
    },
    () => 1_000,
  );
  rounds.start();
  await settled();
  clock.advance(1_250);
  await settled();
  assert.equal(count, 2);
  assert.equal(logger.lines.length, 2);
  assert.match(logger.lines.join(), /the store is locked/);
  await rounds.stop();
});
