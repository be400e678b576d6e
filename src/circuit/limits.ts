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
  | "circuitsPerGuardLink"
  | "failureMs"
  | "failures"
  | "longestFailureMs"
  | "accusations"
  | "examinations"
  | "examinedNodes"
  | "refusedNodes"
  | "nextHops"
  | "leastRestMs"
  | "longestRestMs"
  | "restSpreadMs"
  | "patienceMs"
  | "pacedTries"
  | "paces"
  | "paceForgetMs"
  | "paceCutMs"
  | "paceRefusals"
  | "longestPaceRestMs"
  | "waitingStreams"
  | "waitingStreamsOfOne"
  | "leastHedgeMs"
  | "firstHedgeMs"
  | "hedgesPerHundred"
  | "hedgesPerMinute"
  | "hedgesSaved"
  | "leastAnswerMs"
  | "unknownAnswerMs"
  | "racesLost"
  | "buildsJoined"
  | "sameExitMs"
  | "rotationBurst"
  | "rotationsPerSecond"
  | "rotationBurstInAll"
  | "rotationsPerSecondInAll";

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
  circuitsPerGuardLink: tunable(512, "count", "Half of the streams that a link takes."),
  failureMs: tunable(
    30_000,
    "ms",
    "How long a node that failed is not used if another fits; doubles each time that it fails again after that.",
  ),
  failures: tunable(1_024, "count", "Failed nodes remembered."),
  longestFailureMs: tunable(3_600_000, "ms", "What was down for a day is tried once an hour."),
  accusations: tunable(64, "count", "Checks of accused nodes under way; further accusations are ignored."),
  examinations: tunable(8, "count", "Relays examined at once; further ones wait for their next accusation."),
  examinedNodes: tunable(
    8,
    "count",
    "Nodes that a relay is asked to carry to in one examination; three of one kind decide, and silent ones do not count.",
  ),
  refusedNodes: tunable(
    3,
    "count",
    "Different nodes that a relay must have refused to reach without cause before it is examined, and in that before it has failed.",
  ),
  nextHops: tunable(
    32,
    "count",
    "Nodes of which it is remembered whether a relay carried to them; the oldest go first.",
  ),
  leastRestMs: tunable(1_000, "ms", "A node that is full is left in peace for at least so long, whatever it asks for."),
  longestRestMs: tunable(
    300_000,
    "ms",
    "Upper bound on what a node asks for: its word costs it nothing, and its operator may open it again before its time.",
  ),
  restSpreadMs: tunable(
    3_000,
    "ms",
    "Each wait is drawn between the time asked for and twice that plus this: a wait of 1 s is sent in whole seconds.",
  ),
  patienceMs: tunable(
    2_000,
    "ms",
    "How long a stream waits in all for exits that take no more for now: less than a browser or scraper calls slow.",
  ),
  pacedTries: tunable(
    8,
    "count",
    "Refusals of that kind for one stream; an exit that goes on saying it decides no more.",
  ),
  paces: tunable(1_024, "count", "Exits whose pace is remembered; the one met first goes."),
  paceForgetMs: tunable(
    30_000,
    "ms",
    "After so long without a refusal an exit is paced no longer: what others took of it may be free again.",
  ),
  paceCutMs: tunable(250, "ms", "Refusals that come together have one cause, and cut a pace once."),
  paceRefusals: tunable(
    3,
    "count",
    "Cuts in a row, for as long as a stream waits and without one taken, after which nobody waits for an exit.",
  ),
  longestPaceRestMs: tunable(8_000, "ms", "The longest time until such an exit is tried again; it begins with 1 s."),
  waitingStreams: tunable(
    1_024,
    "count",
    "Streams of a client that wait for their turn; further ones are refused at once.",
  ),
  waitingStreamsOfOne: tunable(256, "count", "Those of one user at one listener, so that nobody takes all places."),
  leastHedgeMs: tunable(
    250,
    "ms",
    "The delay before a second attempt of RFC 8305 §8; on a fast network a busy moment takes longer than all that was measured.",
  ),
  firstHedgeMs: tunable(2_000, "ms", "Until enough was measured; the longest delay that RFC 8305 §8 allows."),
  hedgesPerHundred: tunable(
    10,
    "count",
    "Second attempts among the first ones. More would make a slow network slower (Dean and Barroso, The Tail at Scale).",
  ),
  hedgesPerMinute: tunable(3, "count", "Second attempts beyond that share, for users who make few first ones."),
  hedgesSaved: tunable(10, "count", "Second attempts at once when none was needed for a while."),
  racesLost: tunable(
    3,
    "count",
    "An exit that so often in a row was late while another one answered counts as failed, though it answers pings.",
  ),
  unknownAnswerMs: tunable(
    3_000,
    "ms",
    "Before the answer of an exit that nothing is known of counts as late, as RFC 1122 §4.2.3.1 begins; new ones may hang.",
  ),
  leastAnswerMs: tunable(
    1_000,
    "ms",
    "An exit that is slower than its history gets so long for a ping before others take its load: a line may falter.",
  ),
  buildsJoined: tunable(
    3,
    "count",
    "Circuits built for others of its group that a stream waits for in vain before one is built for it alone.",
  ),
  sameExitMs: tunable(
    60_000,
    "ms",
    "How long one circuit of a group that rotates is enough for an exit; streams of one circuit share writes.",
  ),
  rotationBurst: tunable(8, "count", "Fresh circuits that a group which rotates takes at once."),
  rotationsPerSecond: tunable(
    4,
    "per-second",
    "Fresh circuits that such a group takes after that: each costs its hops handshakes, which streams would wait behind.",
  ),
  rotationBurstInAll: tunable(64, "count", "The same for all groups of a client together."),
  rotationsPerSecondInAll: tunable(
    32,
    "per-second",
    "As many handshakes as a small machine can do beside its other work.",
  ),
};
