import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  hops: [5, "count", "More hops add delay and no known protection.", "protocol"],
  replacements: [3, "count", "Nodes replaced in the middle of building one circuit."],
  extendMs: [15_000, "ms", "One more hop costs three round trips over all hops before it."],
  leastPatienceMs: [2_000, "ms", "However fast the network is, a node may be busy for a moment."],
  buildSamples: [64, "count", "Times remembered for each depth; the network of an hour ago does not matter."],
  buildSamplesNeeded: [5, "count", "Fewer say nothing about the slowest tenth."],
  streamMs: [
    20_000,
    "ms",
    "Above the 16 s in which an exit looks a name up and connects, so that its reason arrives first.",
  ],
  suspectMs: [2_000, "ms", "An exit that has not answered a stream by then is asked whether it is still there."],
  checkMs: [3_000, "ms", "How long it has for that answer, which needs no more than a round trip."],
  checkPeriodMs: [10_000, "ms", "How often spare circuits are checked and missing ones are built."],
  circuits: [1_024, "count", "Circuits that one client keeps for further streams; those unused for longest go first."],
  circuitsPerGroup: [16, "count", "As many streams as the local proxy takes connections, at 1,024 streams a circuit."],
  circuitAgeMs: [600_000, "ms", "Ten minutes, as Tor does: what one exit sees of one user has an end."],
  circuitBytes: [
    68_719_476_736,
    "bytes",
    "RFC 8446 §5.5 allows 2^24.5 records under one AES-GCM key; records below 2.9 KB on average would reach it sooner.",
  ],
  silentFailures: [5, "count", "Targets in a row that an exit could not reach before another exit is taken."],
  groups: [4_096, "count", "Isolation groups remembered, sessions above all; the longest unused one goes first."],
  demands: [
    64,
    "count",
    "Sets of constraints for which circuits may be built ahead; apps write them, and each request could have its own.",
  ],
  demandMs: [600_000, "ms", "What nobody asked for in this time is no longer built ahead of need."],
  sparesPerDemand: [4, "count", "Unused circuits for one set of constraints; one, or as many as a minute took."],
  spares: [16, "count", "Unused circuits in all; each costs its hops a link."],
  prebuildRetryMs: [
    5_000,
    "ms",
    "Pause after a circuit could not be built ahead, or ended before anybody used it; doubles up to a minute.",
  ],
  circuitsPerGuardLink: [512, "count", "Half of the streams that a link takes."],
  leastRestMs: [1_000, "ms", "A node that is full is left in peace for at least so long, whatever it asks for."],
  longestRestMs: [
    300_000,
    "ms",
    "Upper bound on what a node asks for: its word costs it nothing, and its operator may open it again before its time.",
  ],
  restSpreadMs: [
    3_000,
    "ms",
    "Each wait is drawn between the time asked for and twice that plus this: a wait of 1 s is sent in whole seconds.",
  ],
  patienceMs: [
    2_000,
    "ms",
    "How long a stream waits in all for exits that take no more for now: less than a browser or scraper calls slow.",
  ],
  leastHedgeMs: [
    250,
    "ms",
    "The delay before a second attempt of RFC 8305 §8; on a fast network a busy moment takes longer than all that was measured.",
  ],
  firstHedgeMs: [2_000, "ms", "Until enough was measured; the longest delay that RFC 8305 §8 allows."],
  hedgesPerHundred: [
    10,
    "count",
    "Second attempts among the first ones. More would make a slow network slower (Dean and Barroso, The Tail at Scale).",
  ],
  hedgesPerMinute: [3, "count", "Second attempts beyond that share, for users who make few first ones."],
  hedgesSaved: [10, "count", "Second attempts at once when none was needed for a while."],
  buildsJoined: [
    3,
    "count",
    "Circuits built for others of its group that a stream waits for in vain before one is built for it alone.",
  ],
  failedBuilds: [
    256,
    "count",
    "Kinds of requests that are remembered because every node that fits failed; apps write them. The one that failed longest ago goes.",
  ],
  failedBuildPauseMs: [
    500,
    "ms",
    "Before such nodes are dialled again; doubles with each failure. Proxies try a dead server about once a second.",
  ],
  failedBuildPauseMaxMs: [2_000, "ms", "The longest such pause: a node that is back serves within two seconds."],
  failedBuildLeastMs: [100, "ms", "The shortest, where nodes come and go: each may be one that fits."],
  failedBuildForgetMs: [30_000, "ms", "After so long without a request, the pauses are short again."],
  sameExitMs: [
    60_000,
    "ms",
    "How long one circuit of a group that rotates is enough for an exit; streams of one circuit share writes.",
  ],
  rotationBurst: [8, "count", "Fresh circuits that a group which rotates takes at once."],
  rotationsPerSecond: [
    4,
    "per-second",
    "Fresh circuits that such a group takes after that: each costs its hops handshakes, which streams would wait behind.",
  ],
  rotationBurstInAll: [64, "count", "The same for all groups of a client together."],
  rotationsPerSecondInAll: [32, "per-second", "As many handshakes as a small machine can do beside its other work."],
} as const;

/** Bounds of the circuit room. */
export const CIRCUIT_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
