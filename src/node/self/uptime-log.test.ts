import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../core/fake-clock.ts";
import { silentLogger } from "../../core/logger.ts";
import { seededRandom } from "../../core/random.ts";
import { PeerStore } from "../../peers/peer-store.ts";
import { SELF_LIMITS } from "./limits.ts";
import { UptimeLog } from "./uptime-log.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A clock whose time of day can be set, as a computer's can; its monotonic time goes on. */
class SettableClock extends FakeClock {
  offsetMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.offsetMs;
  }
}

function storeOf(clock: FakeClock): PeerStore {
  return new PeerStore({ clock, random: seededRandom(1), logger: silentLogger }, { path: ":memory:" });
}

function logOf(store: PeerStore, clock: FakeClock): UptimeLog {
  return new UptimeLog({ store, clock, logger: silentLogger });
}

test("a young node's share is of the time since it was first started", () => {
  const clock = new FakeClock();
  const store = storeOf(clock);
  const log = logOf(store, clock);
  assert.equal(log.availability(), undefined);
  log.start();
  assert.deepEqual(log.availability(), { last7Days: 1, last30Days: 1 });
  clock.advance(HOUR);
  log.stop();
  assert.deepEqual(log.availability(), { last7Days: 1, last30Days: 1 });
  clock.advance(3 * HOUR);
  const again = logOf(store, clock);
  again.start();
  const quarter = Math.round(1000 * (62 / 241)) / 1000;
  assert.deepEqual(again.availability(), { last7Days: quarter, last30Days: quarter });
  again.stop();
  assert.equal(clock.pending, 0);
});

test("an old node's shares are of 7 and of 30 days", () => {
  const clock = new FakeClock();
  const store = storeOf(clock);
  const log = logOf(store, clock);
  log.start();
  clock.advance(20 * DAY);
  log.stop();
  clock.advance(6 * DAY);
  const share = log.availability();
  assert.ok(Math.abs((share?.last7Days ?? 0) - 1 / 7) < 0.002, String(share?.last7Days));
  assert.ok(Math.abs((share?.last30Days ?? 0) - 20 / 26) < 0.002, String(share?.last30Days));
  clock.advance(30 * DAY);
  assert.deepEqual(log.availability(), { last7Days: 0, last30Days: 0 });
});

test("what was marked before the process died is there", () => {
  const clock = new FakeClock();
  const store = storeOf(clock);
  logOf(store, clock).start();
  clock.advance(100 * MINUTE);
  // No stop: the log of the next process reads what the last beat wrote.
  assert.deepEqual(logOf(store, clock).availability(), { last7Days: 1, last30Days: 1 });
});

test("a timer that comes late leaves no hole, sleep does", () => {
  const clock = new FakeClock();
  const log = logOf(storeOf(clock), clock);
  log.beat();
  clock.advance(2 * MINUTE);
  log.beat();
  assert.equal(log.availability()?.last7Days, 1);
  clock.advance(8 * MINUTE);
  log.beat();
  assert.equal(log.availability()?.last7Days, Math.round(1000 * (4 / 11)) / 1000);
});

test("a clock that jumps spoils no more than it was wrong for", () => {
  const clock = new SettableClock();
  const store = storeOf(clock);
  const log = logOf(store, clock);
  log.start();
  clock.advance(2 * DAY);
  for (const wrong of [-400 * DAY, 5_000 * DAY, -20_000 * DAY, 3 * HOUR, -3 * HOUR]) {
    clock.offsetMs = wrong;
    clock.advance(10 * MINUTE);
  }
  clock.offsetMs = 0;
  clock.advance(DAY);
  const share = log.availability()?.last7Days ?? 0;
  assert.ok(share > 0.98 && share < 1, String(share));
});

test("a clock that goes round through the years leaves a bounded log", () => {
  const clock = new SettableClock();
  const store = storeOf(clock);
  const log = logOf(store, clock);
  for (let year = 0; year < 200; year++) {
    clock.offsetMs = year * 365 * DAY;
    log.beat();
  }
  const kept = store.readState("uptime") as { readonly days: object };
  assert.equal(Object.keys(kept.days).length, SELF_LIMITS.uptimeDays.value);
});

test("a log that cannot be read begins anew", () => {
  const clock = new FakeClock();
  for (const held of ["x", 7, { first: "a", days: {} }, { first: 1, days: { a: "AA", "1": 5 } }, [null]]) {
    const store = storeOf(clock);
    store.changeState("uptime", () => held);
    const log = logOf(store, clock);
    log.beat();
    assert.notEqual(log.availability(), undefined);
  }
});
