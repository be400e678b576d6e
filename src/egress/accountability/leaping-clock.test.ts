import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { forward, type LogFixture, openLog } from "../../../test/support/logged-streams.ts";
import { FakeClock } from "../../core/fake-clock.ts";
import { DAY_MS, HOUR_MS } from "../../core/units.ts";
import { ACCOUNTABILITY_LIMITS } from "./limits.ts";
import { countOldFiles } from "./old-files.ts";
import { verifyLog } from "./verify-log.ts";

const HOLD_HOURS = ACCOUNTABILITY_LIMITS.clockHoldMs.value / HOUR_MS;

interface Site extends LogFixture {
  readonly clock: FakeClock;
  /** The days of the chain's files, in their order. */
  days(): readonly string[];
}

/** A log of three days that is being written. */
async function writeDays(t: TestContext): Promise<Site> {
  const clock = new FakeClock(Date.parse("2026-11-20T12:00:00Z"));
  const fixture = await openLog(t, clock);
  for (let day = 0; day < 3; day += 1) {
    if (day > 0) clock.advance(DAY_MS);
    forward(fixture.log);
    await fixture.log.flush();
  }
  const days = (): readonly string[] =>
    readdirSync(fixture.directory)
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .map((name) => name.slice(9, 19));
  return { ...fixture, clock, days };
}

const THREE_DAYS = ["2026-11-20", "2026-11-21", "2026-11-22"];

async function runHours({ clock }: Site, log: { readonly idle: Promise<void> }, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) {
    clock.advance(HOUR_MS);
    await log.idle;
  }
}

test("a clock that is ahead for a moment removes nothing, and the operator is warned once", async (t) => {
  const site = await writeDays(t);
  const { log, clock, logger } = site;
  clock.step(60 * DAY_MS);
  forward(log);
  await log.flush();
  assert.deepEqual(log.status().held, { files: 3, aheadMs: 60 * DAY_MS });
  clock.step(-60 * DAY_MS);
  forward(log);
  await log.flush();
  assert.deepEqual(site.days().slice(0, 3), THREE_DAYS);
  assert.equal(log.status().held, undefined);
  assert.equal(logger.lines.filter((line) => /warn .*clock leapt ahead.*remedy/.test(line)).length, 1);
  const { missing, flaws } = await verifyLog(site.dataDirectory);
  assert.deepEqual([missing, flaws], [[], []]);
});

test("a start with the clock ahead removes nothing either", async (t) => {
  const site = await writeDays(t);
  await site.log.stop();
  site.clock.step(60 * DAY_MS);
  const ahead = await site.reopen();
  assert.equal(ahead.status().held?.files, 3);
  await ahead.stop();
  site.clock.step(-60 * DAY_MS);
  await (await site.reopen()).stop();
  assert.deepEqual(site.days().slice(0, 3), THREE_DAYS);
});

test("a clock that was set right for good removes what is old after a day of running, over restarts", async (t) => {
  const site = await writeDays(t);
  const { clock, log } = site;
  clock.step(60 * DAY_MS);
  await runHours(site, log, HOLD_HOURS - 4);
  await log.stop();
  assert.deepEqual(site.days().slice(0, 3), THREE_DAYS);
  const next = await site.reopen();
  await runHours(site, next, 2);
  assert.deepEqual(site.days().slice(0, 3), THREE_DAYS);
  await runHours(site, next, 4);
  assert.deepEqual(site.days().slice(0, 1), ["2027-01-21"]);
  assert.equal(next.status().held, undefined);
  const { missing, flaws } = await verifyLog(site.dataDirectory);
  assert.deepEqual([missing, flaws], [[], []]);
});

test("a clock that was behind for a moment, or began in 1970, removes nothing", async (t) => {
  for (const backMs of [60 * DAY_MS, 20_000 * DAY_MS]) {
    const site = await writeDays(t);
    const { log, clock } = site;
    clock.step(-backMs);
    forward(log);
    await log.flush();
    await runHours(site, log, 2);
    clock.step(backMs);
    await runHours(site, log, 2);
    assert.deepEqual(site.days().slice(0, 3), THREE_DAYS);
    assert.equal(site.days().length, 5);
  }
});

test("chains that nobody writes are kept from a clock that leapt as well", async (t) => {
  const site = await writeDays(t);
  const left = join(site.dataDirectory, "accountability", "7");
  const other = await openLog(t, site.clock, { directory: left }, site.dataDirectory);
  await other.log.stop();
  site.clock.step(60 * DAY_MS);
  await runHours(site, site.log, 2);
  assert.equal(readdirSync(left).filter((name) => name.endsWith(".jsonl")).length, 1);
});

test("a file's age is what its neighbours say where its own day cannot be right", () => {
  const nowMs = Date.parse("2026-12-31T12:00:00Z");
  const count = (...days: string[]): number =>
    countOldFiles(
      days.map((day) => ({ day })),
      nowMs,
      30,
    );
  assert.equal(count("2026-11-29", "2026-11-30", "2026-12-01", "2026-12-02"), 2);
  // Begun by a clock that was ahead: as old as the next.
  assert.equal(count("2027-02-01", "2026-11-30", "2026-12-02"), 2);
  assert.equal(count("2027-02-01", "2026-12-02"), 0);
  assert.equal(count("2027-02-01"), 0);
  // By one that was behind: no older than those before it, nor than the next.
  assert.equal(count("2026-12-02", "2026-11-05", "2026-12-03"), 0);
  assert.equal(count("1970-01-01", "2026-12-03"), 0);
  assert.equal(count("1970-01-01", "2026-11-05"), 2);
});

test("records of a clock beyond the year 9999 are found again", async (t) => {
  const site = await writeDays(t);
  await site.log.stop();
  site.clock.advance(Date.parse("9999-12-31T12:00:00Z") - site.clock.nowMs());
  site.clock.advance(DAY_MS);
  for (let start = 0; start < 2; start += 1) {
    const log = await site.reopen();
    forward(log);
    await log.flush();
    await log.stop();
  }
  const { flaws, missing } = await verifyLog(site.dataDirectory);
  assert.deepEqual([flaws, missing, site.days()], [[], [], [...THREE_DAYS, "9999-12-31"]]);
});
