import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../core/fake-clock.ts";
import { DAY_MS } from "../core/units.ts";
import { STORAGE_LIMITS } from "./limits.ts";
import { MemoryRecords } from "./record-keeper.ts";
import { SettledClock } from "./settled-clock.ts";

test("a leap counts after an hour of running, over restarts, and what passes meanwhile counts as ever", () => {
  const clock = new FakeClock();
  const records = new MemoryRecords();
  const first = new SettledClock({ clock, records });
  clock.step(60 * DAY_MS);
  assert.equal(first.nowMs(), clock.nowMs() - 60 * DAY_MS);
  clock.advance(STORAGE_LIMITS.clockHoldMs.value / 2);
  assert.equal(first.nowMs(), clock.nowMs() - 60 * DAY_MS);
  assert.equal(first.monotonicMs(), clock.monotonicMs());
  first.stop();
  assert.equal(clock.pending, 0);
  const second = new SettledClock({ clock, records });
  clock.advance(STORAGE_LIMITS.clockHoldMs.value / 2 - STORAGE_LIMITS.clockSaveMs.value);
  assert.equal(second.nowMs(), clock.nowMs() - 60 * DAY_MS);
  clock.advance(2 * STORAGE_LIMITS.clockSaveMs.value);
  assert.equal(second.nowMs(), clock.nowMs());
  second.stop();
});
