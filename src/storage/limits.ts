import { type Limit, tunable } from "../core/limits.ts";

/** Bounds of the room `storage`. */
export const STORAGE_LIMITS: Readonly<
  Record<
    | "recordFileBytes"
    | "recordLogBytes"
    | "recordCacheBytes"
    | "recordBusyMs"
    | "recordFlushMs"
    | "waitingRecords"
    | "clockHoldMs"
    | "clockSaveMs",
    Limit
  >
> = {
  recordFileBytes: tunable(64 * 1024 * 1024, "bytes", "A file of records; three times what a client can fill."),
  recordLogBytes: tunable(4 * 1024 * 1024, "bytes", "Its write-ahead log; longer, and it is written back to the file."),
  recordCacheBytes: tunable(1024 * 1024, "bytes", "Pages of it in memory; it is read once, at start."),
  recordBusyMs: tunable(100, "ms", "Waiting for another process stops this one, and the next second will do as well."),
  recordFlushMs: tunable(1_000, "ms", "What is put waits so long for more; so much a crash may cost."),
  waitingRecords: tunable(
    65_536,
    "count",
    "Changes that wait while the file is locked; the oldest are lost beyond it.",
  ),
  clockHoldMs: tunable(
    3_600_000,
    "ms",
    "How long a program must run with a clock that leapt by more than a day before it forgets what grew old by that leap.",
  ),
  clockSaveMs: tunable(600_000, "ms", "How often it is kept how long a clock that leapt has stood."),
};
