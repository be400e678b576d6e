import type { LocalTime, WallTime } from "./local-time.ts";

/** A stretch of time, from `startMs` up to, not including, `endMs`, both in ms since the Unix epoch. */
export interface TimeSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** The day that a moment is in. */
export function daySpan(local: LocalTime, nowMs: number): TimeSpan {
  const today = local.read(nowMs);
  return { startMs: local.dayStartMs(today), endMs: local.dayStartMs(nextDay(today)) };
}

/** The month that a moment is in, where months begin on `resetDay`, or on the last day of a month that has no such day. */
export function monthSpan(local: LocalTime, nowMs: number, resetDay: number): TimeSpan {
  const { year, month } = local.read(nowMs);
  const starts = [-1, 0, 1, 2].map((offset) => local.dayStartMs(resetDate(year, month + offset, resetDay)));
  const later = starts.findIndex((startMs) => startMs > nowMs);
  return { startMs: starts[later - 1] ?? nowMs, endMs: starts[later] ?? nowMs };
}

function resetDate(year: number, month: number, resetDay: number): Pick<WallTime, "year" | "month" | "day"> {
  const index = year * 12 + month - 1;
  const date = { year: Math.floor(index / 12), month: (index % 12) + 1 };
  return { ...date, day: Math.min(resetDay, daysIn(date.year, date.month)) };
}

function nextDay({ year, month, day }: WallTime): Pick<WallTime, "year" | "month" | "day"> {
  if (day < daysIn(year, month)) return { year, month, day: day + 1 };
  return month < 12 ? { year, month: month + 1, day: 1 } : { year: year + 1, month: 1, day: 1 };
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
