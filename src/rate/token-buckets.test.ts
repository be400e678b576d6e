import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { TokenBuckets } from "./token-buckets.ts";

test("each has its burst, and one token more after each refill", () => {
  const clock = new FakeClock();
  const buckets = new TokenBuckets({ clock }, { most: 10, burst: 2, perSecond: 1 });
  assert.deepEqual(
    [buckets.take("a"), buckets.take("a"), buckets.take("a"), buckets.take("b")],
    [true, true, false, true],
  );
  clock.advance(999);
  assert.equal(buckets.has("a"), false);
  clock.advance(1);
  assert.deepEqual([buckets.has("a"), buckets.take("a"), buckets.take("a")], [true, true, false]);
  clock.advance(60_000);
  assert.deepEqual([buckets.take("a"), buckets.take("a"), buckets.take("a")], [true, true, false]);
});

test("the one that was silent longest is forgotten first", () => {
  const buckets = new TokenBuckets({ clock: new FakeClock() }, { most: 2, burst: 1, perSecond: 1 });
  for (const who of ["a", "b", "a", "c"]) buckets.take(who);
  assert.equal(buckets.has("a"), false, "a spoke after b");
  assert.equal(buckets.has("b"), true, "b was forgotten");
});
