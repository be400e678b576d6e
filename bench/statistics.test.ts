import assert from "node:assert/strict";
import { test } from "node:test";
import { median, ratio, spread } from "./statistics.ts";

test("the median is the middle figure, or the mean of the middle two, whatever the order", () => {
  assert.equal(median([30, 1, 2]), 2);
  assert.equal(median([4, 1, 30, 2]), 3);
  assert.equal(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test("a spread keeps its ends", () => {
  assert.deepEqual(spread([5, 9, 1]), { median: 5, low: 1, high: 9 });
});

test("a ratio compares runs of one round, so a slow moment of the machine does not tell", () => {
  // Twice as fast in every round, while the machine got ten times slower in the last two.
  assert.equal(ratio([200, 20, 20], [100, 10, 10]), 2);
  assert.equal(ratio([200, 20, 20], [100]), 2);
});
