import { CORE_LIMITS } from "../../core/limits.ts";
import type { LogFile } from "./log-files.ts";
import { oldestDayKept, recordTime } from "./log-record.ts";

/**
 * How many of a chain's files, counted from the oldest, are older than `days`. A file's name says what the clock showed
 * when it was begun, and a clock may have been wrong: a day that has not come yet, or before Byway existed, is that of the
 * next file instead, and no file is older than one before it.
 */
export function countOldFiles(files: readonly Pick<LogFile, "day">[], nowMs: number, days: number): number {
  const today = recordTime(nowMs).slice(0, 10);
  const earliest = recordTime(CORE_LIMITS.earliestMs.value).slice(0, 10);
  const oldest = oldestDayKept(nowMs, days);
  let next = today;
  const known = files.toReversed().map(({ day }) => {
    if (day >= earliest && day <= today) next = day;
    return next;
  });
  // A later file is no older than an earlier one, so the first that is not old ends the row.
  const young = known.reverse().findIndex((day) => day >= oldest);
  return young === -1 ? files.length : young;
}
