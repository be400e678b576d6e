import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildTimes } from "./build-times.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

const HARD_MS = CIRCUIT_LIMITS.extendMs.value;
const LEAST_MS = CIRCUIT_LIMITS.leastPatienceMs.value;

function learned(...ms: readonly number[]): BuildTimes {
  const times = new BuildTimes();
  for (const each of ms) times.note(2, each);
  return times;
}

test("until enough was measured the fixed limit holds", () => {
  assert.equal(new BuildTimes().patienceMs(1), HARD_MS);
  assert.equal(learned(5, 5, 5, 5).patienceMs(2), HARD_MS);
});

test("patience is twice the ninth decile, within bounds, for each depth by itself", () => {
  const times = learned(...Array.from({ length: 10 }, (_, index) => 1_000 + 100 * index));
  assert.equal(times.patienceMs(2), 2 * 1_900);
  assert.equal(times.patienceMs(3), HARD_MS);
  assert.equal(learned(1, 1, 1, 1, 1).patienceMs(2), LEAST_MS);
  assert.equal(learned(9e6, 9e6, 9e6, 9e6, 9e6).patienceMs(2), HARD_MS);
});

test("one slow node among many does not make everybody wait", () => {
  assert.equal(learned(...Array.from({ length: 30 }, () => 1_000), 14_000).patienceMs(2), 2_000);
});

test("a network that became slower is learned from its time-outs", () => {
  const times = learned(...Array.from({ length: 20 }, () => 100));
  for (let tries = 0; times.patienceMs(2) < 8_000; tries += 1) {
    assert.ok(tries < 20, "it never learned");
    times.noteTimeout(2, times.patienceMs(2));
  }
});

test("old samples are forgotten", () => {
  const times = learned(...Array.from({ length: 200 }, () => 7_000));
  for (let index = 0; index < CIRCUIT_LIMITS.buildSamples.value; index += 1) times.note(2, 1_500);
  assert.equal(times.patienceMs(2), 3_000);
});

test("a second circuit is begun when nineteen in twenty would stand, within bounds", () => {
  assert.equal(learned(5, 5, 5, 5).hedgeMs(2), CIRCUIT_LIMITS.firstHedgeMs.value);
  const times = learned(...Array.from({ length: 20 }, (_, index) => 1_000 + 100 * index));
  assert.equal(times.hedgeMs(2), 2_900);
  assert.ok(times.hedgeMs(2) < times.patienceMs(2));
  assert.equal(learned(1, 1, 1, 1, 1).hedgeMs(2), CIRCUIT_LIMITS.leastHedgeMs.value);
  assert.equal(learned(9e6, 9e6, 9e6, 9e6, 9e6).hedgeMs(2), HARD_MS);
});
