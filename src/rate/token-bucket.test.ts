import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { TokenBucket } from "./token-bucket.ts";

test("an allowance begins full, comes back with time and holds no more than its most", () => {
  const clock = new FakeClock();
  const allowance = new TokenBucket({ clock }, { burst: 3, refillMs: 1_000 / 2 });
  const taken = (): number => {
    let count = 0;
    while (allowance.take()) count += 1;
    return count;
  };
  assert.equal(taken(), 3);
  clock.advance(499);
  assert.equal(taken(), 0);
  clock.advance(1);
  assert.equal(taken(), 1);
  for (let tenth = 0; tenth < 10; tenth += 1) {
    clock.advance(100);
    assert.equal(allowance.some, tenth === 4 || tenth === 9 ? allowance.take() : false);
  }
  clock.advance(3_600_000);
  assert.equal(taken(), 3);
});

test("what is given back counts, up to the most", () => {
  const allowance = new TokenBucket({ clock: new FakeClock() }, { burst: 2, refillMs: 1_000 / 0 });
  allowance.add(5);
  assert.deepEqual([allowance.take(), allowance.take(), allowance.take()], [true, true, false]);
  for (let part = 0; part < 9; part += 1) allowance.add(0.1);
  assert.equal(allowance.take(), false);
  allowance.add(0.1);
  assert.equal(allowance.take(), true);
});
