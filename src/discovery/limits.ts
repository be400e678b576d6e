import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the room `discovery`. */
export const DISCOVERY_LIMITS: Readonly<
  Record<
    | "joinConnections"
    | "joinAttempts"
    | "joinMs"
    | "joinRetryMs"
    | "joinRetryMaxMs"
    | "joinLookMs"
    | "askMs"
    | "answerNodes"
    | "findPeers"
    | "witnessMs"
    | "locatePeers"
    | "locating"
    | "locatingPerNetwork"
    | "locateMs"
    | "unknownMs"
    | "failedSearches"
    | "failedSearchMs"
    | "failedSearchesOfAll"
    | "failedSearchOfAllMs"
    | "searchNetworks"
    | "unknownPeers"
    | "findMs"
    | "usablePerAsn"
    | "usablePerNetwork"
    | "gossipOrigins"
    | "gossipPeriodMs"
    | "gossipNeighbours"
    | "gossipPerNeighbour"
    | "gossipBurst"
    | "roundMs"
    | "eagerRoundMs"
    | "nodesWanted"
    | "announcePeers"
    | "recordRenewMs"
    | "recordMs"
    | "indexRetryMs"
    | "topics"
    | "candidates"
    | "candidatesMs"
    | "stateMs"
    | "currentPeers"
    | "currentPeersMs"
    | "indexShardPeers"
    | "indexOverfullPeers"
    | "indexSparsePeers"
    | "indexPerNetwork"
    | "indexDepth"
    | "indexPaths"
    | "indexReads"
    | "indexReviewMs"
    | "indexConfirmMs"
    | "gossipPerPeriod"
    | "gossipPerNetwork"
    | "gossipNetworks"
    | "usablePerNetworkOfPlace",
    Limit
  >
> = {
  joinConnections: tunable(4, "count", "Connections below which bootstrap addresses and known peers are dialled."),
  joinAttempts: tunable(8, "count", "Addresses of each kind that are dialled in one round."),
  joinMs: tunable(10_000, "ms", "A peer that has not answered by then is left alone."),
  joinRetryMs: tunable(1_000, "ms", "Before the next round where nobody could be reached; doubled each time."),
  joinRetryMaxMs: tunable(
    300_000,
    "ms",
    "The longest pause between two tries; a network is not asked more often when it is down.",
  ),
  joinLookMs: tunable(15_000, "ms", "How often it is looked at whether there are connections enough."),
  askMs: tunable(10_000, "ms", "An answer of 64 KiB takes a second on the slowest line."),
  answerNodes: tunable(50, "count", "Advertisements asked for at once; the protocol's bound."),
  findPeers: tunable(3, "count", "Peers asked at once; what one hides, the others tell."),
  witnessMs: tunable(
    300,
    "ms",
    "Before others are asked again about nodes that one network alone has named, while somebody waits.",
  ),
  locatePeers: tunable(3, "count", "Peers that a relay asks, beside the DHT, about a next hop that it does not know."),
  locating: tunable(32, "count", "Next hops that a relay asks for at once; each costs some 50 ms of CPU time."),
  locatingPerNetwork: tunable(8, "count", "The same for the askers of one /24 (IPv6: /48)."),
  locateMs: tunable(3_000, "ms", "A client waits for it, and builds by another relay after that."),
  unknownMs: tunable(
    15_000,
    "ms",
    "A next hop that nobody knew is not asked for again; it may just have been started.",
  ),
  failedSearches: tunable(
    32,
    "count",
    "Searches for next hops that find nothing, at once, for the askers of one /24 (IPv6: /48).",
  ),
  failedSearchMs: tunable(4_000, "ms", "After this time one more."),
  failedSearchesOfAll: tunable(
    128,
    "count",
    "The same for all networks; and as many for those whose searches did not fail lately.",
  ),
  failedSearchOfAllMs: tunable(500, "ms", "After this time one more; a tenth of a core, twice."),
  searchNetworks: tunable(4_096, "count", "Networks of askers of which that is remembered."),
  unknownPeers: tunable(4_096, "count", "Next hops remembered as unknown; about 0.5 MiB."),
  findMs: tunable(10_000, "ms", "How long a request waits for a node of its kind to be found and to answer."),
  usablePerAsn: tunable(
    8,
    "count",
    "Usable nodes of one kind in one AS: an eighth of 64, a sixth of a kind; docs/simulation.md.",
  ),
  usablePerNetwork: tunable(3, "count", "The same in one /16 or /32: a twenty-fifth, rounded up."),
  gossipOrigins: tunable(20_000, "count", "Origins whose last message is remembered, the flood bound of each."),
  gossipPeriodMs: tunable(55_000, "ms", "One message of an origin is passed on in this time, and one more at once."),
  gossipNeighbours: tunable(1_024, "count", "Neighbours whose rate is remembered; more than can be connected."),
  gossipPerNeighbour: tunable(
    100,
    "per-second",
    "Messages that one neighbour may bring; twenty of them fill one core.",
  ),
  gossipBurst: tunable(1_000, "count", "Messages that a neighbour may bring at once, after a pause of ten seconds."),
  roundMs: tunable(300_000, "ms", "How often a peer asks others for news when it knows enough."),
  eagerRoundMs: tunable(500, "ms", "The same while it knows too few; doubled with each time that brings nobody new."),
  nodesWanted: tunable(400, "count", "Valid advertisements that a peer wants to hold before it asks at leisure."),
  announcePeers: tunable(
    3,
    "count",
    "Connected peers that get each new advertisement of one's own, in addition to DHT and gossip.",
  ),
  recordRenewMs: tunable(
    1_700_000,
    "ms",
    "A record is put again with every second renewal; it lives as long as its envelope, two hours.",
  ),
  recordMs: tunable(
    10_000,
    "ms",
    "Within this time after it joined, a node puts its record and takes its place in the index.",
  ),
  indexRetryMs: tunable(60_000, "ms", "Before a node that found no place in the index looks again."),
  topics: tunable(8, "count", "Countries whose gossip is heard at a time."),
  candidates: tunable(256, "count", "Nodes of a kind that a plan chooses from where none has been checked."),
  candidatesMs: tunable(
    1_000,
    "ms",
    "How old what is only known may get; else what no node fits costs 3 ms each time.",
  ),
  stateMs: tunable(15_000, "ms", "How often what `byway network stats` shows is written down."),
  currentPeers: tunable(1_000, "count", "Peers that are handed out where nobody says which ones."),
  currentPeersMs: tunable(
    5_000,
    "ms",
    "How old what a client without a directory has read of them may get: 30 ms each.",
  ),
  indexShardPeers: fixed(64, "count", "A shard of the index with as many is full; its answer stays below 10 KiB."),
  indexOverfullPeers: fixed(
    80,
    "count",
    "A quarter above full: fewer is what a race of joining nodes leaves, and stays.",
  ),
  indexSparsePeers: fixed(
    32,
    "count",
    "Half full: fewer is room for nodes from below; the gap to full stops to and fro.",
  ),
  indexPerNetwork: tunable(
    4,
    "count",
    "Peers of one /16 or /32 that count in a shard, so that a crowd cannot fill it.",
  ),
  indexDepth: tunable(20, "count", "Shards below one another: 2^20 of them would name 130 million nodes."),
  indexPaths: tunable(3, "count", "Random ways down that a search takes, so that no single shard decides it."),
  indexReads: tunable(24, "count", "The most keys that one search reads."),
  indexReviewMs: tunable(3_600_000, "ms", "How often a node checks that it is still in the right shard."),
  indexConfirmMs: tunable(
    600_000,
    "ms",
    "A node looks again within this time after it moved, or stays in an over-full shard.",
  ),
  gossipPerPeriod: tunable(
    256,
    "count",
    "Messages of a topic in 15 minutes, however large the country: with copies 1 KB/s in and out (docs/simulation.md).",
  ),
  gossipPerNetwork: tunable(16, "count", "Messages of one /16 or /32 in 15 minutes that are passed on."),
  gossipNetworks: tunable(8_192, "count", "Networks whose messages are counted at one time."),
  usablePerNetworkOfPlace: tunable(
    12,
    "count",
    "Usable nodes of one /16 or /32 where an AS, a provider or a city was asked for: a quarter, since towns have few networks.",
  ),
};
