import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  countMs: [1_000, "ms", "How often traffic is counted and the hours are looked at; so much a crash may cost."],
  brakeMs: [10_000, "ms", "At any time a month's volume lasts at least so long, ten looks before it is used up."],
  leastBytesPerSecond: [125_000, "per-second", "1 Mbit/s: slower, a node is of no use to anybody."],
  freeBytesPerSecond: [12_500_000_000, "per-second", "100 Gbit/s: a limit above any line's speed is not shown."],
  closingGraceMs: [300_000, "ms", "What is under way when the hours end may be finished: most downloads are."],
  longestRetrySec: [3_600, "seconds", "A client that waits for weeks would not ask again after the cap is raised."],
  pausedRetrySec: [300, "seconds", "Nobody knows when an operator resumes; minutes are usual for maintenance."],
  clockStepMs: [
    5_000,
    "ms",
    "The difference between the clock and the time that passed from which the clock counts as changed.",
  ],
  keptSpans: [
    16,
    "count",
    "Months, and days, whose counts are kept for a clock that is set back, also over several wrong ones.",
  ],
} as const;

/** Bounds of what an operator sees and decides. */
export const OPERATION_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
