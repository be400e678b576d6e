import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";
import { CORE_LIMITS } from "./limits.ts";
import { SettledTime } from "./settled-time.ts";
import { DAY_MS, HOUR_MS } from "./units.ts";

const HOLD_MS = 6 * HOUR_MS;

/** Looks every hour, as its users do. */
function run(clock: FakeClock, time: SettledTime, hours: number): void {
  for (let hour = 0; hour < hours; hour += 1) {
    clock.advance(HOUR_MS);
    time.nowMs();
  }
}

test("time that passes, and a clock that is set by less than a day, are believed at once", () => {
  const clock = new FakeClock();
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
  run(clock, time, 100);
  clock.step(DAY_MS);
  assert.equal(time.nowMs(), clock.nowMs());
  clock.step(-DAY_MS);
  assert.equal(time.nowMs(), clock.nowMs());
  assert.equal(time.safeMs(), clock.nowMs());
  assert.equal(time.strayMs, 0);
});

for (const leapMs of [60 * DAY_MS, -60 * DAY_MS]) {
  test(`a leap of ${leapMs / DAY_MS} days is believed only after it has stood`, () => {
    const clock = new FakeClock();
    const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
    clock.step(leapMs);
    assert.equal(time.nowMs(), clock.nowMs() - leapMs);
    assert.equal(time.safeMs(), clock.nowMs() - Math.max(0, leapMs));
    assert.equal(time.strayMs, leapMs);
    run(clock, time, 5);
    assert.equal(time.nowMs(), clock.nowMs() - leapMs);
    run(clock, time, 1);
    assert.equal(time.nowMs(), clock.nowMs());
    assert.equal(time.strayMs, 0);
  });
}

test("a clock that is set right again begins anew with every leap", () => {
  const clock = new FakeClock();
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
  for (let leap = 0; leap < 5; leap += 1) {
    clock.step(60 * DAY_MS);
    time.nowMs();
    run(clock, time, 5);
    clock.step(-60 * DAY_MS);
    assert.equal(time.nowMs(), clock.nowMs());
  }
});

test("a clock that leaps on does not stand", () => {
  const clock = new FakeClock();
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
  for (let hour = 0; hour < 20; hour += 1) {
    clock.step(2 * DAY_MS);
    time.nowMs();
    clock.advance(HOUR_MS);
  }
  assert.equal(time.nowMs(), clock.nowMs() - 40 * DAY_MS);
});

test("how long it has stood is kept over restarts, also while the machine was off", () => {
  const clock = new FakeClock();
  const before = new SettledTime({ clock }, { holdMs: HOLD_MS });
  clock.step(60 * DAY_MS);
  before.nowMs();
  run(clock, before, 4);
  const saved = JSON.parse(JSON.stringify(before.saved));
  clock.step(3 * DAY_MS);
  const after = new SettledTime({ clock }, { holdMs: HOLD_MS, saved });
  assert.equal(after.nowMs(), clock.nowMs() - 63 * DAY_MS);
  run(clock, after, 1);
  assert.equal(after.nowMs(), clock.nowMs() - 63 * DAY_MS);
  run(clock, after, 1);
  assert.equal(after.nowMs(), clock.nowMs());
});

test("a machine that was off for days is believed after it has run for as long", () => {
  const clock = new FakeClock();
  const { saved } = new SettledTime({ clock }, { holdMs: HOLD_MS });
  clock.step(40 * DAY_MS);
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS, saved });
  assert.equal(time.nowMs(), clock.nowMs() - 40 * DAY_MS);
  run(clock, time, 7);
  assert.equal(time.nowMs(), clock.nowMs());
});

test("two looks that lie far apart are not a day that the clock has stood", () => {
  const clock = new FakeClock();
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
  clock.step(60 * DAY_MS);
  time.nowMs();
  clock.advance(HOLD_MS);
  assert.equal(time.nowMs(), clock.nowMs() - 60 * DAY_MS);
});

test("what is known from before counts where nothing was saved", () => {
  const clock = new FakeClock();
  const knownMs = clock.nowMs() - 30 * DAY_MS;
  for (const saved of [undefined, null, "x", { settledMs: "now" }, [1]]) {
    const time = new SettledTime({ clock }, { holdMs: HOLD_MS, saved, knownMs });
    assert.equal(time.nowMs(), knownMs);
  }
});

test("a machine that began in 1970 is not waited for", () => {
  const clock = new FakeClock(0);
  const time = new SettledTime({ clock }, { holdMs: HOLD_MS });
  run(clock, time, 1);
  clock.step(CORE_LIMITS.earliestMs.value);
  assert.equal(time.nowMs(), clock.nowMs());
});
