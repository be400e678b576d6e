import assert from "node:assert/strict";
import { test } from "node:test";
import { zoneTime } from "../../test/support/zone-time.ts";
import { BywayError } from "../core/errors.ts";
import { OpeningHours } from "./opening-hours.ts";

const hours = (lines: readonly string[], zone = "UTC"): OpeningHours =>
  new OpeningHours({ local: zoneTime(zone) }, lines);

const ROWS: readonly (readonly [zone: string, lines: readonly string[], now: string, opens: string])[] = [
  ["UTC", [], "2026-11-21T12:00Z", "2026-11-21T12:00"],
  ["UTC", ["22:00-07:00"], "2026-11-21T21:59:59Z", "2026-11-21T22:00"],
  ["UTC", ["22:00-07:00"], "2026-11-21T22:00Z", "2026-11-21T22:00"],
  ["UTC", ["22:00-07:00"], "2026-11-22T06:59Z", "2026-11-22T06:59"],
  ["UTC", ["22:00-07:00"], "2026-11-22T07:00Z", "2026-11-22T22:00"],
  ["UTC", ["00:00-24:00"], "2026-11-21T23:59Z", "2026-11-21T23:59"],
  ["UTC", ["18:00-24:00", "0:00-2:00"], "2026-11-21T02:00Z", "2026-11-21T18:00"],
  ["UTC", ["18:00-24:00", "0:00-2:00"], "2026-11-21T23:59Z", "2026-11-21T23:59"],
  ["UTC", [" 09:00 - 10:00 ", "12:30-13:00"], "2026-11-21T10:00Z", "2026-11-21T12:30"],
  ["UTC", ["09:00-10:00", "12:30-13:00"], "2026-11-21T13:00Z", "2026-11-22T09:00"],
  ["Europe/Berlin", ["22:00-07:00"], "2026-07-01T12:00Z", "2026-07-01T20:00"],
  ["Europe/Berlin", ["22:00-07:00"], "2026-12-01T12:00Z", "2026-12-01T21:00"],
  // Clocks go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October.
  ["Europe/Berlin", ["02:30-04:00"], "2026-03-29T00:00Z", "2026-03-29T01:00"],
  ["Europe/Berlin", ["02:15-02:45"], "2026-03-29T00:00Z", "2026-03-30T00:15"],
  ["Europe/Berlin", ["02:15-02:45"], "2026-10-25T00:50Z", "2026-10-25T01:15"],
];

test("open at the hours of the wall's clock, and when next", () => {
  for (const [zone, lines, now, opens] of ROWS) {
    const ms = Date.parse(now);
    const next = hours(lines, zone).opensMs(ms);
    assert.equal(new Date(next).toISOString().slice(0, 16), opens, `${zone} ${lines} ${now}`);
    assert.equal(hours(lines, zone).isOpen(ms), next === ms, `${zone} ${lines} ${now}`);
  }
});

test("what is no such span is refused, and the form is named", () => {
  const wrong = [
    "",
    "22-7",
    "22:00",
    "22:00-",
    "24:00-07:00",
    "25:00-07:00",
    "07:60-08:00",
    "10:00-24:01",
    "08:00-08:00",
    "x\n",
  ];
  for (const line of wrong) {
    assert.throws(
      () => hours([line]),
      (error) => error instanceof BywayError && error.code === "ERR_CONFIG_VALUE" && /00:00/.test(error.message),
      line,
    );
  }
});
