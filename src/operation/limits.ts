import { type Limit, tunable } from "../core/limits.ts";

/** Bounds of what an operator sees and decides. */
export const OPERATION_LIMITS: Readonly<
  Record<
    | "countMs"
    | "brakeMs"
    | "leastBytesPerSecond"
    | "freeBytesPerSecond"
    | "closingGraceMs"
    | "longestRetrySec"
    | "pausedRetrySec"
    | "clockStepMs"
    | "keptSpans",
    Limit
  >
> = {
  countMs: tunable(1_000, "ms", "How often traffic is counted and the hours are looked at; so much a crash may cost."),
  brakeMs: tunable(
    10_000,
    "ms",
    "At any time a month's volume lasts at least so long, ten looks before it is used up.",
  ),
  leastBytesPerSecond: tunable(125_000, "per-second", "1 Mbit/s: slower, a node is of no use to anybody."),
  freeBytesPerSecond: tunable(12_500_000_000, "per-second", "100 Gbit/s: a limit above any line's speed is not shown."),
  closingGraceMs: tunable(300_000, "ms", "What is under way when the hours end may be finished: most downloads are."),
  longestRetrySec: tunable(
    3_600,
    "seconds",
    "A client that waits for weeks would not ask again after the cap is raised.",
  ),
  pausedRetrySec: tunable(300, "seconds", "Nobody knows when an operator resumes; minutes are usual for maintenance."),
  clockStepMs: tunable(
    5_000,
    "ms",
    "The difference between the clock and the time that passed from which the clock counts as changed.",
  ),
  keptSpans: tunable(
    16,
    "count",
    "Months, and days, whose counts are kept for a clock that is set back, also over several wrong ones.",
  ),
};
