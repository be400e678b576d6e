import { type Limits, limitsOf } from "../../core/limits.ts";

const LIMITS = {
  fileBytes: [16_777_216, "bytes", "One file; a quarter of node.log-mib where that is less. It goes whole."],
  lineBytes: [
    4096,
    "bytes",
    "One record. Ours stay below 1,000; what is longer was not written by a node.",
    "protocol",
  ],
  hostCharacters: [255, "count", "A target's name is a stranger's text; DNS allows 253 characters."],
  queueBytes: [
    8_388_608,
    "bytes",
    "Records that wait for the disk: the ends of all streams that a node may have open, and 25,000 beside.",
  ],
  sliceRecords: [256, "count", "Hashed and written in one go: less than a millisecond of the node's time."],
  tickMs: [250, "ms", "How long a record waits before it is handed to the system; `kill -9` loses no more."],
  syncMs: [500, "ms", "After this, with one tick before and one behind, it is on the disk: a second in all."],
  signRecords: [1_000, "count", "The most records that one signature covers; a signature takes 0.1 ms."],
  signMs: [10_000, "ms", "How long a record waits for its signature; what is exported later is covered."],
  retryMs: [5_000, "ms", "How often it is tried again where nothing can be written."],
  roomBytes: [1_048_576, "bytes", "Free space before a log that ran out of it goes on, so that it does not flap."],
  tendMs: [3_600_000, "ms", "How often files are looked at that have grown too old."],
  clockHoldMs: [
    86_400_000,
    "ms",
    "How long a node must run with a clock that leapt by more than a day before files go by age: an operator has seen the warning by then.",
  ],
  headMs: [5_000, "ms", "The shortest time between two head records: each costs a file and a sync."],
  headPutOffMs: [
    60_000,
    "ms",
    "How old a head record may grow while no file can be opened for the next one. Then the log has failed.",
  ],
  backwardsMs: [3_600_000, "ms", "A step back of the clock that verification remarks on."],
  flaws: [16, "count", "Flaws that verification lists; one is enough to stop, and more are counted."],
  notes: [16, "count", "Remarks that verification lists."],
} as const;

/** The bounds of the accountability log. */
export const ACCOUNTABILITY_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
