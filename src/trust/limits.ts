import { type Limit, tunable } from "../core/limits.ts";

/** Bounds of the trust room. */
export const TRUST_LIMITS: Readonly<
  Record<
    | "rememberedNodes"
    | "windowMs"
    | "windowWeight"
    | "failureWeight"
    | "evidence"
    | "steadyAfter"
    | "steadyMs"
    | "longestMs"
    | "outageNodes",
    Limit
  >
> = {
  rememberedNodes: tunable(4_096, "count", "Nodes that a client remembers; the one that was noted longest ago goes."),
  windowMs: tunable(900_000, "ms", "What one node does within it adds up to one lot of evidence."),
  windowWeight: tunable(2, "count", "The most that one lot weighs; a busy hour is worth 8 requests, not 10,000."),
  failureWeight: tunable(3, "count", "A failure undoes three successes: trust is won slowly and lost fast."),
  evidence: tunable(50, "count", "The most evidence of one node; six failing lots take the best node below a half."),
  steadyAfter: tunable(8, "count", "Measurements before unsteadiness counts; the deviation begins as a guess."),
  steadyMs: tunable(50, "ms", "Means below it count as this much: nobody feels milliseconds of jitter."),
  longestMs: tunable(
    600_000,
    "ms",
    "A longer time to answer is taken for this much, so that no value spoils the mean.",
  ),
  outageNodes: tunable(4, "count", "Nodes that fail without a success of any: then the fault is likelier ours."),
};
