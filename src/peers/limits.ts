import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the room `peers`. */
export const PEERS_LIMITS: Readonly<
  Record<
    | "lifetimeSeconds"
    | "clockSkewSeconds"
    | "seqAheadSeconds"
    | "renewMs"
    | "envelopeBytes"
    | "peerFileBytes"
    | "peerFileEntries"
    | "rereadMs"
    | "forgivenMs"
    | "tellers"
    | "namesPerTeller"
    | "namesLookedAt"
    | "tellerOutcomes"
    | "doubtedTurns"
    | "metPerAddress"
    | "metMs"
    | "metAddresses"
    | "failedPauseMaxMs"
    | "failedPeers"
    | "storedPeers"
    | "evictedAtOnce"
    | "shrunkCrowds"
    | "sweptAtOnce"
    | "unreachableAfter"
    | "storeBytes"
    | "storeLogBytes"
    | "storeCacheBytes"
    | "storeBusyMs"
    | "stateBytes"
    | "drawnFrom"
    | "decodedPeers"
    | "bufferedPeers"
    | "flushMs"
    | "flushAgainMs"
    | "peersOfPrefix"
    | "peersOfAsn"
    | "fullCrowds"
    | "fullCrowdMs"
    | "equivocators"
    | "equivocatorMs"
    | "sweepMs"
    | "waysInMs"
    | "touchMs"
    | "saveCountsMs"
    | "countedNames"
    | "crowdShare"
    | "comparedRows"
    | "foldedNames"
    | "readForStrangers"
    | "clockWords"
    | "clockWordMs"
    | "clockStepMs",
    Limit
  >
> = {
  lifetimeSeconds: fixed(7_200, "seconds", "protocol.md §6.3: an advertisement is valid for at most two hours."),
  clockSkewSeconds: fixed(300, "seconds", "Home computers are wrong by minutes; an hour must be an error."),
  seqAheadSeconds: fixed(
    600,
    "seconds",
    "A number may be ahead of the time of issue, in ms: clocks that were set back, and signing more than once in a ms.",
  ),
  renewMs: tunable(900_000, "ms", "Signed again every 15 minutes, so that one lost renewal harms nobody."),
  envelopeBytes: fixed(1_280, "bytes", "A payload of 1 KiB with key, type and signature."),
  peerFileBytes: tunable(1024 * 1024, "bytes", "A peers file is read whole into memory."),
  peerFileEntries: tunable(1_000, "count", "Advertisements taken from one peers file."),
  rereadMs: tunable(30_000, "ms", "How often peers files are looked at for a change."),
  forgivenMs: tunable(
    3_600_000,
    "ms",
    "A move ends a pause once in this time: who moves with each signature gains nothing.",
  ),
  tellers: tunable(64, "count", "Networks whose answers are remembered, for the order in which nodes are checked."),
  namesPerTeller: tunable(256, "count", "Nodes that one network named and that are remembered: five answers."),
  namesLookedAt: tunable(32, "count", "Names of one teller that are looked at to find one that fits; 20 µs each."),
  tellerOutcomes: tunable(16, "count", "Checks of the nodes that a network named by which its word is judged."),
  doubtedTurns: tunable(
    8,
    "count",
    "Each so many turns also those are believed whose names did not answer; they may have mended.",
  ),
  metPerAddress: tunable(
    4,
    "count",
    "Nodes of one address that a peer notes at once to have met there; a household has no more.",
  ),
  metMs: tunable(900_000, "ms", "After this time it notes one more: a renewal."),
  metAddresses: tunable(4_096, "count", "Addresses for which that is counted."),
  failedPauseMaxMs: tunable(3_600_000, "ms", "The longest such pause; half of an advertisement's life."),
  failedPeers: tunable(4_096, "count", "Nodes that did not answer and are remembered."),
  storedPeers: tunable(50_000, "count", "Peers that the store keeps: about 50 MB of disk, and enough to choose from."),
  evictedAtOnce: tunable(
    1_500,
    "count",
    "Peers that go at once when the store is full, so that few writes pay for it.",
  ),
  shrunkCrowds: tunable(64, "count", "Networks that shrink at once then, the most crowded ones."),
  sweptAtOnce: tunable(500, "count", "Expired peers that are forgotten at once; a second later more."),
  unreachableAfter: tunable(3, "count", "Failed checks in a row after which a peer counts as unreachable."),
  storeBytes: tunable(268_435_456, "bytes", "The store's file; four times what its rows can come to."),
  storeLogBytes: tunable(
    16_777_216,
    "bytes",
    "The store's write-ahead log; longer, and it is written back to the file.",
  ),
  storeCacheBytes: tunable(8_388_608, "bytes", "Pages of the store that are kept in memory."),
  storeBusyMs: tunable(500, "ms", "Another process writes for milliseconds; waiting for it stops this one."),
  stateBytes: tunable(65_536, "bytes", "One value of small state: counters, a log of uptime."),
  drawnFrom: tunable(64, "count", "A random choice is made among at least as many peers, or all that fit."),
  decodedPeers: tunable(4_096, "count", "Decoded advertisements kept, about 3 KiB each."),
  bufferedPeers: tunable(256, "count", "Advertisements that wait to be written in one transaction."),
  flushMs: tunable(200, "ms", "How long they wait: a crash loses no more than this of what gossip brought."),
  flushAgainMs: tunable(5_000, "ms", "How long after a write that failed another is tried."),
  peersOfPrefix: tunable(1_024, "count", "Peers of one /16 (IPv6: /32): 2 % of the store."),
  peersOfAsn: tunable(4_096, "count", "Peers of one AS: 8 % of the store, for the largest providers have many nodes."),
  fullCrowds: tunable(1_024, "count", "Networks that are remembered to be full, so that a flood costs no search each."),
  fullCrowdMs: tunable(10_000, "ms", "For how long; after this it is looked again for one that can make room."),
  equivocators: tunable(4_096, "count", "Proofs of equivocation, 2.5 KiB each; those of the newest keys go first."),
  equivocatorMs: tunable(2_592_000_000, "ms", "30 days: far longer than an advertisement lives."),
  sweepMs: tunable(300_000, "ms", "How often expired peers are forgotten."),
  waysInMs: tunable(604_800_000, "ms", "Expired peers that once answered are kept a week, as ways back in."),
  touchMs: tunable(60_000, "ms", "When a peer was last seen is written this exactly."),
  saveCountsMs: tunable(60_000, "ms", "How often the counts of refusals are written."),
  countedNames: tunable(64, "count", "Strangers choose their software's name; the rarer ones are counted as one."),
  crowdShare: tunable(8, "count", "One network or AS gets at most an eighth of an answer while others are left."),
  comparedRows: tunable(
    256,
    "count",
    "Rows of an index that are counted to find the shortest way to what is asked for.",
  ),
  foldedNames: tunable(
    2_048,
    "count",
    "Names that are remembered folded: of cities, of regions and of providers, of each as many.",
  ),
  readForStrangers: tunable(
    8_192,
    "count",
    "Rows that are looked at for a stranger who asks for a region or a provider; some 10 ms, each time another part.",
  ),
  clockWords: tunable(
    128,
    "count",
    "Words of others about this machine's clock that are kept, the latest: two of a network.",
  ),
  clockWordMs: tunable(3_600_000, "ms", "A word about the clock counts for an hour: each peer gives a new one sooner."),
  clockStepMs: tunable(60_000, "ms", "A clock that moves so far at once was set: what was said of it before is void."),
};
