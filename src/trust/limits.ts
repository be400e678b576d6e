import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  rememberedNodes: [4_096, "count", "Nodes that a client remembers; the one that was noted longest ago goes."],
  windowMs: [900_000, "ms", "What one node does within it adds up to one lot of evidence."],
  windowWeight: [2, "count", "The most that one lot weighs; a busy hour is worth 8 requests, not 10,000."],
  failureWeight: [3, "count", "A failure undoes three successes: trust is won slowly and lost fast."],
  evidence: [50, "count", "The most evidence of one node; six failing lots take the best node below a half."],
  steadyAfter: [8, "count", "Measurements before unsteadiness counts; the deviation begins as a guess."],
  steadyMs: [50, "ms", "Means below it count as this much: nobody feels milliseconds of jitter."],
  longestMs: [600_000, "ms", "A longer time to answer is taken for this much, so that no value spoils the mean."],
  outageNodes: [4, "count", "Nodes that fail without a success of any: then the fault is likelier ours."],
  failureMs: [
    30_000,
    "ms",
    "How long a node that failed is not used if another fits; doubles each time that it fails again after that.",
  ],
  failures: [1_024, "count", "Failed nodes remembered."],
  longestFailureMs: [3_600_000, "ms", "What was down for a day is tried once an hour."],
  accusations: [64, "count", "Checks of accused nodes under way; further accusations are ignored."],
  examinations: [8, "count", "Relays examined at once; further ones wait for their next accusation."],
  refusedNodes: [
    3,
    "count",
    "Different nodes that a relay must have refused to reach without cause before it is examined, and in that before it has failed.",
  ],
  refuserMs: [
    3_600_000,
    "ms",
    "How long a relay that failed its examination is not used if another fits; what it carries meanwhile may go to its friends.",
  ],
  nextHops: [32, "count", "Nodes of which it is remembered whether a relay carried to them; the oldest go first."],
} as const;

/** Bounds of the trust room. */
export const TRUST_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
