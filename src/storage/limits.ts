import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  recordFileBytes: [67_108_864, "bytes", "A file of records; three times what a client can fill."],
  recordLogBytes: [4_194_304, "bytes", "Its write-ahead log; longer, and it is written back to the file."],
  recordCacheBytes: [1_048_576, "bytes", "Pages of it in memory; it is read once, at start."],
  recordBusyMs: [100, "ms", "Waiting for another process stops this one, and the next second will do as well."],
  recordFlushMs: [1_000, "ms", "What is put waits so long for more; so much a crash may cost."],
  waitingRecords: [65_536, "count", "Changes that wait while the file is locked; the oldest are lost beyond it."],
  clockHoldMs: [
    3_600_000,
    "ms",
    "How long a program must run with a clock that leapt by more than a day before it forgets what grew old by that leap.",
  ],
  clockSaveMs: [600_000, "ms", "How often it is kept how long a clock that leapt has stood."],
} as const;

/** Bounds of the room `storage`. */
export const STORAGE_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
