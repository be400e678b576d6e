import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "./token-bucket.ts";

/** Whether one more at `nowMs` keeps every span that ends now within its rate: by looking at all of them. */
function fits(taken: readonly number[], nowMs: number, perSecond: number): boolean {
  const burst = Math.max(1, perSecond);
  return [...taken, nowMs].every((fromMs) => {
    const within = taken.filter((ms) => ms >= fromMs).length + 1;
    return (within - burst) * 1000 <= perSecond * (nowMs - fromMs);
  });
}

test("one second's worth at once, then evenly", () => {
  const bucket = new TokenBucket({ perSecond: 4, burst: 4 });
  for (let n = 0; n < 4; n += 1) {
    assert.equal(bucket.waitMs(1000), 0);
    bucket.take(1000);
  }
  assert.equal(bucket.waitMs(1000), 250);
  assert.equal(bucket.waitMs(1249), 1);
  assert.equal(bucket.waitMs(1250), 0);
  bucket.take(1250);
  assert.equal(bucket.waitMs(1250), 250);
  assert.equal(bucket.waitMs(60_000), 0);
});

test("a burst that is given is what comes at once", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  for (let n = 0; n < 3; n += 1) {
    assert.equal(bucket.waitMs(0), 0);
    bucket.take(0);
  }
  assert.equal(bucket.waitMs(0), 100);
});

test("less than one a second lets single ones pass", () => {
  const bucket = new TokenBucket({ perSecond: 0.5, burst: 0.5 });
  assert.equal(bucket.waitMs(0), 0);
  bucket.take(0);
  assert.equal(bucket.waitMs(500), 1500);
});

test("exactly what fits is allowed, and not before the time that was told", () => {
  const rates = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(0.25, 0.5, 1.5, 7.25));
  const gaps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 5000 })), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(rates, gaps, (perSecond, between) => {
      const bucket = new TokenBucket({ perSecond, burst: perSecond });
      const taken: number[] = [];
      let nowMs = 0;
      for (const gapMs of between) {
        nowMs += gapMs;
        const waitMs = bucket.waitMs(nowMs);
        assert.equal(waitMs === 0, fits(taken, nowMs, perSecond), `at ${nowMs} after ${taken}`);
        if (waitMs === 0) {
          bucket.take(nowMs);
          taken.push(nowMs);
        } else {
          assert.ok(fits(taken, Math.ceil(nowMs + waitMs), perSecond), "allowed after the wait");
          if (waitMs > 2) assert.ok(!fits(taken, Math.floor(nowMs + waitMs - 1), perSecond), "and not before");
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("tryTake takes one or changes nothing; take counts also what was not allowed", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  assert.ok(bucket.isFull(0));
  assert.deepEqual([bucket.tryTake(0), bucket.tryTake(0), bucket.tryTake(0)], [true, true, false]);
  assert.equal(bucket.waitMs(0), 100);
  bucket.take(0, 3);
  assert.equal(bucket.waitMs(0), 400);
  assert.ok(!bucket.isFull(499) && bucket.isFull(500));
});

test("tokens come back with time, up to the burst", () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 3 });
  const taken = (nowMs: number): number => {
    let count = 0;
    while (bucket.tryTake(nowMs)) count += 1;
    return count;
  };
  assert.deepEqual([0, 499, 500, 3_600_000].map(taken), [3, 0, 1, 3]);
});

test("what is given back counts, in parts too, up to the burst", () => {
  const bucket = new TokenBucket({ perSecond: 0.001, burst: 2 });
  bucket.take(0, -5);
  assert.deepEqual([bucket.tryTake(0), bucket.tryTake(0), bucket.tryTake(0)], [true, true, false]);
  for (let part = 0; part < 9; part += 1) bucket.take(0, -0.1);
  assert.equal(bucket.tryTake(0), false);
  bucket.take(0, -0.1);
  assert.equal(bucket.tryTake(0), true);
});

test("several tokens are taken together or not at all", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 5 });
  assert.deepEqual(
    [bucket.tryTake(0, 6), bucket.tryTake(0, 3), bucket.tryTake(0, 3), bucket.tryTake(0, 2)],
    [false, true, false, true],
  );
  assert.deepEqual([bucket.tryTake(2_999, 3), bucket.tryTake(3_000, 3)], [false, true]);
});
