import { type Limit, tunable } from "../core/limits.ts";

/** The bounds on what a client keeps for the program that it is a library of, and remembers of searches of the network. */
export const CLIENT_LIMITS: Readonly<
  Record<
    | "lingerMs"
    | "vainSearches"
    | "vainPauseMs"
    | "vainPauseMaxMs"
    | "vainForgetMs"
    | "wholeSearchMs"
    | "searchesAtOnce"
    | "searchesPerSecond"
    | "quietSearchesAtOnce"
    | "quietSearchesPerSecond"
    | "quietUserMs"
    | "searchingUsers"
    | "refusals"
    | "refusalMs",
    Limit
  >
> = {
  lingerMs: tunable(2_000, "ms", "time for a target to end a stream that a program has let go of, before it is reset"),
  vainSearches: tunable(
    256,
    "count",
    "Kinds of nodes that are remembered as searched for in vain; apps write them. The one that failed longest ago goes.",
  ),
  vainPauseMs: tunable(
    2_000,
    "ms",
    "Before the network is searched again for a kind of which no node was found; doubles with each search in vain.",
  ),
  vainPauseMaxMs: tunable(
    8_000,
    "ms",
    "The longest such pause: a node that joins is found within seconds, also where no gossip tells of it.",
  ),
  vainForgetMs: tunable(60_000, "ms", "After so long without a request for the kind, the pauses are short again."),
  wholeSearchMs: tunable(
    60_000,
    "ms",
    "Between two whole searches for a kind: they dial peers and walk the index. Those between ask connected peers alone.",
  ),
  searchesAtOnce: tunable(
    32,
    "count",
    "Searches that a client begins at once, of all kinds: a scraper walks through a list of countries.",
  ),
  searchesPerSecond: tunable(
    1,
    "per-second",
    "Searches after that: a whole one costs a tenth of a CPU second here, and as much at the peers together.",
  ),
  quietSearchesAtOnce: tunable(
    8,
    "count",
    "Beside those, searches for users who had none lately: another user's scraper does not take them.",
  ),
  quietSearchesPerSecond: tunable(0.25, "per-second", "These after that: a fourth of the others."),
  quietUserMs: tunable(60_000, "ms", "How long a user had no search begin who counts as one of those."),
  searchingUsers: tunable(256, "count", "Users whose last search is remembered; apps may name any."),
  refusals: tunable(256, "count", "Sets of constraints that no node fits, whose answer is kept for a moment."),
  refusalMs: tunable(
    1_000,
    "ms",
    "How long it is kept, where no node came, changed or went: trust and load may change meanwhile.",
  ),
};
