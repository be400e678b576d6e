import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { execPath } from "node:process";
import { test } from "node:test";
import { zoneTime } from "../../test/support/zone-time.ts";
import { daySpan, monthSpan } from "./time-span.ts";

const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

const MONTHS: readonly (readonly [zone: string, now: string, resetDay: number, start: string, end: string])[] = [
  ["UTC", "2026-11-21T12:00Z", 1, "2026-11-01T00:00", "2026-12-01T00:00"],
  ["UTC", "2026-11-30T23:59Z", 1, "2026-11-01T00:00", "2026-12-01T00:00"],
  ["UTC", "2026-12-01T00:00Z", 1, "2026-12-01T00:00", "2027-01-01T00:00"],
  ["UTC", "2026-11-14T23:59Z", 15, "2026-10-15T00:00", "2026-11-15T00:00"],
  ["UTC", "2026-01-02T00:00Z", 15, "2025-12-15T00:00", "2026-01-15T00:00"],
  // The last day, where a month has no day 31, or no day 30.
  ["UTC", "2026-02-10T00:00Z", 31, "2026-01-31T00:00", "2026-02-28T00:00"],
  ["UTC", "2026-02-28T00:00Z", 31, "2026-02-28T00:00", "2026-03-31T00:00"],
  ["UTC", "2028-02-28T12:00Z", 30, "2028-01-30T00:00", "2028-02-29T00:00"],
  ["UTC", "2026-04-30T00:00Z", 31, "2026-04-30T00:00", "2026-05-31T00:00"],
  ["Europe/Berlin", "2026-10-31T23:30Z", 1, "2026-10-31T23:00", "2026-11-30T23:00"],
  ["Europe/Berlin", "2026-10-15T00:00Z", 1, "2026-09-30T22:00", "2026-10-31T23:00"],
  ["America/New_York", "2026-11-01T03:59Z", 1, "2026-10-01T04:00", "2026-11-01T04:00"],
  ["Pacific/Auckland", "2026-11-21T12:00Z", 1, "2026-10-31T11:00", "2026-11-30T11:00"],
  ["Asia/Kolkata", "2026-11-21T12:00Z", 21, "2026-11-20T18:30", "2026-12-20T18:30"],
];

test("a month begins on its reset day, at midnight there, or on its last day", () => {
  for (const [zone, now, resetDay, start, end] of MONTHS) {
    const span = monthSpan(zoneTime(zone), Date.parse(now), resetDay);
    assert.deepEqual([iso(span.startMs), iso(span.endMs)], [start, end], `${zone} ${now} ${resetDay}`);
  }
});

test("months follow each other without a gap, all year, for every reset day", () => {
  const local = zoneTime("UTC");
  for (const resetDay of [1, 2, 15, 28, 29, 30, 31]) {
    let span = monthSpan(local, Date.parse("2027-01-01T00:00Z"), resetDay);
    for (let n = 0; n < 16; n++) {
      const next = monthSpan(local, span.endMs, resetDay);
      assert.equal(next.startMs, span.endMs, `${resetDay}: ${iso(span.startMs)}`);
      assert.deepEqual(monthSpan(local, span.endMs - 1, resetDay), span);
      span = next;
    }
  }
});

const DAYS: readonly (readonly [zone: string, now: string, start: string, hours: number])[] = [
  ["UTC", "2026-12-31T12:00Z", "2026-12-31T00:00", 24],
  ["Europe/Berlin", "2026-03-29T12:00Z", "2026-03-28T23:00", 23],
  ["Europe/Berlin", "2026-10-25T12:00Z", "2026-10-24T22:00", 25],
  ["Australia/Lord_Howe", "2026-10-04T00:00Z", "2026-10-03T13:30", 23.5],
  // Clocks there skip midnight itself.
  ["Africa/Cairo", "2026-04-24T12:00Z", "2026-04-23T22:00", 23],
];

test("a day lasts from midnight to midnight of the wall's clock", () => {
  for (const [zone, now, start, hours] of DAYS) {
    const span = daySpan(zoneTime(zone), Date.parse(now));
    assert.deepEqual([iso(span.startMs), (span.endMs - span.startMs) / 3_600_000], [start, hours], `${zone} ${now}`);
  }
});

test("the machine's own zone says the same as its table", () => {
  for (const zone of ["Africa/Cairo", "America/New_York"]) {
    const script = `
      const { systemLocalTime } = await import(${JSON.stringify(new URL("./local-time.ts", import.meta.url).href)});
      const { daySpan, monthSpan } = await import(${JSON.stringify(new URL("./time-span.ts", import.meta.url).href)});
      const days = [];
      for (let day = 0; day < 400; day += 7) days.push(Date.UTC(2026, 0, day, 12));
      console.log(JSON.stringify(days.map((ms) => [daySpan(systemLocalTime, ms), monthSpan(systemLocalTime, ms, 31), systemLocalTime.read(ms)])));`;
    const out = execFileSync(execPath, ["--input-type=module", "-e", script], { env: { TZ: zone }, encoding: "utf8" });
    const local = zoneTime(zone);
    const expected = Array.from({ length: 58 }, (_, week) => Date.UTC(2026, 0, week * 7, 12)).map((ms) => [
      daySpan(local, ms),
      monthSpan(local, ms, 31),
      local.read(ms),
    ]);
    assert.deepEqual(JSON.parse(out), expected, zone);
  }
});
