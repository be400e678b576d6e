import { fixed, type Limit, tunable } from "../core/limits.ts";

type Name =
  | "hops"
  | "attempts"
  | "replacements"
  | "extendMs"
  | "leastPatienceMs"
  | "buildSamples"
  | "buildSamplesNeeded"
  | "streamMs"
  | "suspectMs"
  | "checkMs"
  | "checkPeriodMs"
  | "circuits"
  | "circuitsPerGroup"
  | "circuitAgeMs"
  | "circuitBytes"
  | "silentFailures"
  | "groups"
  | "demands"
  | "demandMs"
  | "sparesPerDemand"
  | "spares"
  | "prebuildRetryMs"
  | "guards"
  | "circuitsPerGuardLink"
  | "failureMs"
  | "failures";

/** Bounds of the circuit room. */
export const CIRCUIT_LIMITS: Readonly<Record<Name, Limit>> = {
  hops: fixed(5, "count", "More hops add delay and no known protection."),
  attempts: tunable(
    3,
    "count",
    "Circuits tried for one stream; more would hide a broken network from the app for too long.",
  ),
  replacements: tunable(3, "count", "Nodes replaced in the middle of building one circuit."),
  extendMs: tunable(15_000, "ms", "One more hop costs three round trips over all hops before it."),
  leastPatienceMs: tunable(2_000, "ms", "However fast the network is, a node may be busy for a moment."),
  buildSamples: tunable(64, "count", "Times remembered for each depth; the network of an hour ago does not matter."),
  buildSamplesNeeded: tunable(5, "count", "Fewer say nothing about the slowest tenth."),
  streamMs: tunable(
    20_000,
    "ms",
    "Above the 16 s in which an exit looks a name up and connects, so that its reason arrives first.",
  ),
  suspectMs: tunable(2_000, "ms", "An exit that has not answered a stream by then is asked whether it is still there."),
  checkMs: tunable(3_000, "ms", "How long it has for that answer, which needs no more than a round trip."),
  checkPeriodMs: tunable(10_000, "ms", "How often unused circuits are checked and the stock is filled up."),
  circuits: tunable(
    1_024,
    "count",
    "Circuits that one client keeps for further streams; those unused for longest go first.",
  ),
  circuitsPerGroup: tunable(
    16,
    "count",
    "As many streams as the local proxy takes connections, at 1,024 streams a circuit.",
  ),
  circuitAgeMs: tunable(600_000, "ms", "Ten minutes, as Tor does: what one exit sees of one user has an end."),
  circuitBytes: tunable(
    64 * 1024 ** 3,
    "bytes",
    "RFC 8446 §5.5 allows 2^24.5 records under one AES-GCM key; records below 2.9 KB on average would reach it sooner.",
  ),
  silentFailures: tunable(5, "count", "Targets in a row that an exit could not reach before another exit is taken."),
  groups: tunable(
    4_096,
    "count",
    "Isolation groups remembered, sessions above all; the longest unused one goes first.",
  ),
  demands: tunable(
    64,
    "count",
    "Sets of constraints for which circuits may be built ahead; apps write them, and each request could have its own.",
  ),
  demandMs: tunable(600_000, "ms", "What nobody asked for in this time is no longer built ahead of need."),
  sparesPerDemand: tunable(4, "count", "Unused circuits for one set of constraints; one, or as many as a minute took."),
  spares: tunable(16, "count", "Unused circuits in all; each costs its hops a link."),
  prebuildRetryMs: tunable(
    5_000,
    "ms",
    "Pause after a circuit could not be built ahead, or ended before anybody used it; doubles up to a minute.",
  ),
  guards: tunable(2, "count", "First hops used at a time: each further one is one more node that sees this client."),
  circuitsPerGuardLink: tunable(512, "count", "Half of the streams that a link takes."),
  failureMs: tunable(60_000, "ms", "A node that failed is passed over for so long where another fits."),
  failures: tunable(1_024, "count", "Failed nodes remembered."),
};
