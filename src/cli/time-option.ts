import { BywayError } from "../core/errors.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/units.ts";

const UNITS_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/**
 * A time that somebody wrote, in milliseconds since the epoch: ISO 8601, UTC where no zone is said, or how long ago, such
 * as `90m`, `12h` or `2d`. Throws ERR_USAGE_ARGUMENT.
 */
export function readTime(text: string, nowMs: number): number {
  const [, count, unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (count !== undefined && unitMs !== undefined) return nowMs - Number(count) * unitMs;
  if (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)) {
    const hasZone = !text.includes("T") || /(Z|[+-]\d\d:\d\d)$/.test(text);
    const timeMs = Date.parse(hasZone ? text : `${text}Z`);
    if (!Number.isNaN(timeMs)) return timeMs;
  }
  throw new BywayError("ERR_USAGE_ARGUMENT", `a time is written such as 2026-11-21T14:30Z or 2d, not "${text}"`);
}
