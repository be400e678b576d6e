import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { KeyedBackoff } from "./keyed-backoff.ts";

const options = { most: 3, free: 2, pauseMs: 1_000, maxPauseMs: 4_000, mostNames: 3 };

test("after the free failures each one doubles the pause of its key, up to the longest", () => {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff({ clock }, options);
  backoff.fail("a");
  assert.ok(backoff.allows("a"));
  for (const pauseMs of [1_000, 2_000, 4_000, 4_000]) {
    backoff.fail("a");
    clock.advance(pauseMs - 1);
    assert.ok(!backoff.allows("a"), `allowed before ${pauseMs} ms`);
    assert.ok(backoff.allows("b"));
    clock.advance(1);
    assert.ok(backoff.allows("a"), `not allowed after ${pauseMs} ms`);
  }
});

test("tries under way count as failures until they have ended", () => {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff({ clock }, options);
  const ends = [backoff.begin("a"), backoff.begin("a")];
  assert.ok(!backoff.allows("a"));
  for (const end of ends) end();
  assert.ok(backoff.allows("a"));
  backoff.fail("a");
  backoff.fail("a");
  clock.advance(1_000);
  const end = backoff.begin("a");
  assert.ok(!backoff.allows("a"), "one at a time once the free ones are used up");
  end();
  assert.ok(backoff.allows("a"));
});

test("a pause may be given a shorter bound, and failures are forgotten after the longest pause", () => {
  const clock = new FakeClock();
  const backoff = new KeyedBackoff({ clock }, options);
  for (let times = 0; times < 6; times += 1) backoff.fail("a", 1_500);
  clock.advance(1_500);
  assert.ok(backoff.allows("a"));
  backoff.fail("a");
  assert.ok(!backoff.allows("a"));
  clock.advance(8_000);
  backoff.fail("a");
  assert.ok(backoff.allows("a"), "the first failure of a new count is free");
});

test("no more keys are remembered than the bound; the one that failed longest ago goes", () => {
  const backoff = new KeyedBackoff({ clock: new FakeClock() }, options);
  for (const key of ["a", "b", "c", "a", "d"]) for (let times = 0; times < 2; times += 1) backoff.fail(key);
  assert.equal(backoff.size, options.most);
  assert.deepEqual(
    ["a", "b", "c", "d"].map((key) => backoff.allows(key)),
    [false, true, false, false],
  );
});

test("of those who named what failed the latest are remembered, and no more than the bound", () => {
  const backoff = new KeyedBackoff({ clock: new FakeClock() }, options);
  for (const name of ["n1", "n2", "n3", "n4"]) backoff.fail("a", undefined, [name]);
  assert.equal(backoff.blameless("a", ["n2", "n3", "n4"]), 0);
  assert.equal(backoff.blameless("a", ["n1", "n2"]), 1);
});
