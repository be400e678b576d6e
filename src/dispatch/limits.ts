import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  lingerMs: [2_000, "ms", "time for a target to end a stream that a program has let go of, before it is reset"],
  vainSearches: [
    256,
    "count",
    "Kinds of nodes that are remembered as searched for in vain; apps write them. The one that failed longest ago goes.",
  ],
  vainPauseMs: [
    2_000,
    "ms",
    "Before the network is searched again for a kind of which no node was found; doubles with each search in vain.",
  ],
  vainPauseMaxMs: [
    8_000,
    "ms",
    "The longest such pause: a node that joins is found within seconds, also where no gossip tells of it.",
  ],
  vainForgetMs: [60_000, "ms", "After so long without a request for the kind, the pauses are short again."],
  wholeSearchMs: [
    60_000,
    "ms",
    "Between two whole searches for a kind: they dial peers and walk the index. Those between ask connected peers alone.",
  ],
  searchesAtOnce: [
    32,
    "count",
    "Searches that a client begins at once, of all kinds: a scraper walks through a list of countries.",
  ],
  searchesPerSecond: [
    1,
    "per-second",
    "Searches after that: a whole one costs a tenth of a CPU second here, and as much at the peers together.",
  ],
  quietSearchesAtOnce: [
    8,
    "count",
    "Beside those, searches for users who had none lately: another user's scraper does not take them.",
  ],
  quietSearchesPerSecond: [0.25, "per-second", "These after that: a fourth of the others."],
  quietUserMs: [60_000, "ms", "How long a user had no search begin who counts as one of those."],
  searchingUsers: [256, "count", "Users whose last search is remembered; apps may name any."],
  refusals: [256, "count", "Sets of constraints that no node fits, whose answer is kept for a moment."],
  refusalMs: [
    1_000,
    "ms",
    "How long it is kept, where no node came, changed or went: trust and load may change meanwhile.",
  ],
  attempts: [3, "count", "Circuits tried for one stream; more would hide a broken network from the app for too long."],
  examinedNodes: [
    8,
    "count",
    "Nodes that a relay is asked to carry to in one examination; three of one kind decide, and silent ones do not count.",
  ],
  pacedTries: [8, "count", "Refusals of that kind for one stream; an exit that goes on saying it decides no more."],
  paces: [1_024, "count", "Exits whose pace is remembered; the one met first goes."],
  paceForgetMs: [
    30_000,
    "ms",
    "After so long without a refusal an exit is paced no longer: what others took of it may be free again.",
  ],
  paceCutMs: [250, "ms", "Refusals that come together have one cause, and cut a pace once."],
  paceRefusals: [
    3,
    "count",
    "Cuts in a row, for as long as a stream waits and without one taken, after which nobody waits for an exit.",
  ],
  longestPaceRestMs: [8_000, "ms", "The longest time until such an exit is tried again; it begins with 1 s."],
  waitingStreams: [1_024, "count", "Streams of a client that wait for their turn; further ones are refused at once."],
  waitingStreamsOfOne: [256, "count", "Those of one user at one listener, so that nobody takes all places."],
  racesLost: [
    3,
    "count",
    "An exit that so often in a row was late while another one answered counts as failed, though it answers pings.",
  ],
  unknownAnswerMs: [
    3_000,
    "ms",
    "Before the answer of an exit that nothing is known of counts as late, as RFC 1122 §4.2.3.1 begins; new ones may hang.",
  ],
  leastAnswerMs: [
    1_000,
    "ms",
    "An exit that is slower than its history gets so long for a ping before others take its load: a line may falter.",
  ],
  loggedRequests: [1_000, "count", "The latest requests that can be asked about: 6 MB with all their explanations."],
  loggedTextCharacters: [
    256,
    "count",
    "Of each text of a request that is kept. A name of a host has 253; users and nodes write the others.",
  ],
  loggedWordCharacters: [64, "count", "Of each text of an explanation, which has dozens: cities, constraints."],
  loggedAttempts: [16, "count", "Attempts of a request that are kept; more are counted."],
  loggedStages: [64, "count", "Stages of a request: five hops, each tried some times."],
  loggedCandidates: [16, "count", "Candidates of an explanation, as many as one shows."],
  loggedFunnelSteps: [32, "count", "Steps of a funnel: one for each key of the constraints, and some more."],
} as const;

/** The bounds on what a client keeps for the program that it is a library of, and remembers of searches of the network. */
export const DISPATCH_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
