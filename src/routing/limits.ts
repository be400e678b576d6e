import { type Limits, limitsOf } from "../core/limits.ts";

const LIMITS = {
  maxHops: [5, "count", "Each hop costs a round trip and a TLS layer; past three, anonymity hardly grows.", "protocol"],
  maxPlanComparisons: [
    2_000_000,
    "count",
    "Nodes write their own families, so a hostile set could make the search for disjoint hops explode.",
  ],
  cachedFolds: [4_096, "count", "Names of places and providers that are kept folded; nodes write them."],
  drawnFrom: [32, "count", "The best among which chance decides: enough to spread load, few enough to be good."],
  drawnFromPrivate: [256, "count", "As many with preset `private`, which rather spreads than hurries."],
  sampled: [
    256,
    "count",
    "Nodes that fit and are scored for one draw, taken from all at random: eight for each drawn.",
  ],
  sampledPrivate: [512, "count", "As many with preset `private`."],
  looked: [8_192, "count", "Rows looked at for one draw, where enough of them fit; keeps it below 1 ms."],
  searched: [512, "count", "Exits, and relays, among which the whole search for disjoint hops looks."],
  guardsTried: [8, "count", "Preferred guards for each of which another exit is tried."],
  bestOfAsn: [4, "count", "Nodes of one AS, or of one family by name, among the best while others fit."],
  bestOfSubnet: [2, "count", "Nodes of one /24 or /48 among the best while others fit: likely one customer."],
  bestOfFamily: [2, "count", "Nodes of one operator among the best while others fit: those that list each other."],
  countedMbps: [200, "count", "Mbit/s of a node's claim that count: who boasts of more gets no more."],
  explained: [16, "count", "Candidates that an explanation names."],
  sampledGuards: [20, "count", "Guards that are remembered; all that somebody who blocks them can make us try."],
  primaryGuards: [3, "count", "Guards that are offered: two in use, and one for where an exit is related to them."],
  guardDrawsADay: [6, "count", "New guards in a day, so that blocking guards leads nobody to their own ones soon."],
  guardKeepMs: [
    5_184_000_000,
    "ms",
    "How long a guard is kept, a sixth more or less; each change is a chance for the wrong one to be drawn.",
  ],
  guardUnlistedMs: [1_209_600_000, "ms", "A guard that no peer has named for so long will not come back."],
  guardAwayMs: [3_600_000, "ms", "A guard that is away for less is waited for while another one works."],
  guardPauseMs: [30_000, "ms", "Before a guard that failed is tried again; doubles with each failure."],
  guardPauseMaxMs: [3_600_000, "ms", "The longest such pause, so that a guard that comes back is seen."],
  guardOutageMs: [
    600_000,
    "ms",
    "After so long without a working guard it was our network: at the first success all are tried again at once.",
  ],
  sessions: [65_536, "count", "Sessions that are remembered: some 11 MB. The one used longest ago goes."],
  sessionForgetMs: [86_400_000, "ms", "How long after its end an ended session is still distinguished from a new one."],
  maxNameChars: [64, "count", "A place or provider in a constraint; advertisements have no longer ones."],
  maxListed: [16, "count", "Values of one constraint; each is looked up for each request."],
  maxSelectChars: [4_096, "count", "Constraints as a text, `byway-select` above all; every key at length fits."],
} as const;

/** The bounds of planning. */
export const ROUTING_LIMITS: Limits<typeof LIMITS> = limitsOf(LIMITS);
