import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RecentTargets } from "./recent-targets.ts";

test("as many as may be, then none that is new until the oldest is a minute old", () => {
  const targets = new RecentTargets(3);
  for (const [target, ms] of [
    [1, 0],
    [2, 10_000],
    [3, 20_000],
  ] as const) {
    assert.equal(targets.waitMs(target, ms), 0);
    targets.add(target, ms);
  }
  assert.equal(targets.waitMs(4, 20_000), 40_000);
  assert.equal(targets.waitMs(1, 20_000), 0, "one that was asked for is not new");
  targets.add(1, 30_000);
  assert.equal(targets.waitMs(4, 30_000), 40_000, "asked for again, it counts from then on");
  assert.equal(targets.waitMs(4, 70_000), 0);
  targets.add(4, 70_000);
  assert.equal(targets.waitMs(5, 70_500), 9500);
  assert.equal(targets.used(129_999), 1);
  assert.equal(targets.used(130_000), 0);
});

test("the same as looking at all that was asked for", () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 15_000 })), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), steps, (most, asked) => {
      const targets = new RecentTargets(most);
      const taken: (readonly [number, number])[] = [];
      let nowMs = 0;
      for (const [target, gapMs] of asked) {
        nowMs += gapMs;
        const second = Math.floor(nowMs / 1000);
        const live = new Set(taken.filter(([, at]) => second - at < 60).map(([one]) => one));
        const waitMs = targets.waitMs(target, nowMs);
        assert.equal(waitMs === 0, live.has(target) || live.size < most, `at ${nowMs}`);
        if (waitMs > 0) {
          const later = Math.floor((nowMs + waitMs) / 1000);
          const left = new Set(taken.filter(([, at]) => later - at < 60).map(([one]) => one));
          assert.ok(left.size < most, "it fits after the wait");
        } else {
          targets.add(target, nowMs);
          taken.push([target, second]);
        }
      }
    }),
    { numRuns: 300 },
  );
});
