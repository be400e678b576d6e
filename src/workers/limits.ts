import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  startMs: [20_000, "ms", "A worker starts in half a second; a small machine under load takes ten times that."],
  takeMs: [10_000, "ms", "A worker that takes none of the connections waiting for it hangs, and is killed."],
  stopMs: [1_000, "ms", "A worker that hangs is killed before the command line's own grace is over."],
  restartMs: [100, "ms", "Before a worker that ended is replaced; doubled each time that it ends again."],
  restartMaxMs: [30_000, "ms", "The longest that a node goes on with one worker less."],
  steadyMs: [60_000, "ms", "A worker that has served for so long is well; the next end counts as the first."],
  unsentLogLines: [256, "count", "Log lines on their way to the node; more are left out and counted."],
  logLineCharacters: [8_192, "count", "The fields of a log line, which may quote what a stranger sent."],
  backchannelMs: [
    10_000,
    "ms",
    "For the PROXY header of a connection that a worker returns to its node; it comes at once.",
  ],
  usesMs: [250, "ms", "How often a worker tells which links are idle, while nearly all places are taken."],
  yieldTries: [
    16,
    "count",
    "Links that are asked to give way to a newcomer; one that says no has come into use a moment ago.",
  ],
  reportMs: [1_000, "ms", "How often a worker tells how it fares, where that has changed."],
} as const;

/** Bounds of the workers room. */
export const WORKERS_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
