import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { normalisedWeights, PRESET_WEIGHTS, scoreParts } from "./score.ts";

test("each part is what its formula gives, and one half where nothing is known", () => {
  assert.deepEqual(scoreParts({}, { score: 0.5 }), { trust: 0.5, latency: 0.5, availability: 0.5, load: 0.5 });
  const { trust, latency, availability, load } = scoreParts(
    { rttMs: 300, availability: { last7Days: 1, last30Days: 0.5 }, load: 0.25 },
    { score: 0.9 },
  );
  assert.deepEqual([trust, latency, load], [0.9, 0.25, 0.75]);
  assert.ok(Math.abs(availability - 0.85) < 1e-12);
});

test("no part leaves [0, 1], whatever a node claims", () => {
  const any = fc.double();
  fc.assert(
    fc.property(any, any, any, any, any, (rttMs, last7Days, last30Days, load, score) => {
      const parts = scoreParts({ rttMs, availability: { last7Days, last30Days }, load }, { score });
      for (const part of Object.values(parts)) assert.ok(part >= 0 && part <= 1, JSON.stringify(parts));
    }),
  );
});

test("weights count by their proportions", () => {
  for (const weights of Object.values(PRESET_WEIGHTS)) {
    const sum = Object.values(normalisedWeights(weights)).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-12);
  }
  const none = { trust: 0, latency: 0, availability: 0, load: 0 };
  assert.deepEqual(normalisedWeights(none), none);
  assert.equal(normalisedWeights({ ...none, trust: 7 }).trust, 1);
});
