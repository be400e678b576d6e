import { fixed, type Limit, tunable } from "../core/limits.ts";

/** Bounds of the directory room. */
export const DIRECTORY_LIMITS: Readonly<
  Record<
    | "lifetimeSeconds"
    | "clockSkewSeconds"
    | "seqAheadSeconds"
    | "renewMs"
    | "peerFileBytes"
    | "peerFileEntries"
    | "rereadMs"
    | "envelopeBytes"
    | "joinConnections"
    | "joinAttempts"
    | "joinMs"
    | "joinRetryMs"
    | "joinRetryMaxMs"
    | "joinLookMs"
    | "askMs"
    | "answerNodes"
    | "findPeers"
    | "findMs"
    | "locatePeers"
    | "locating"
    | "locatingPerNetwork"
    | "locateMs"
    | "unknownMs"
    | "unknownPeers"
    | "checks"
    | "checkMs"
    | "checkConnectMs"
    | "slowChecks"
    | "failuresPerAddress"
    | "failuresPerSubnet"
    | "failuresAtOnce"
    | "failureRefillMs"
    | "aloneAddressPauseMs"
    | "forgivenMs"
    | "checkPauseMs"
    | "recheckMs"
    | "farRecheckMs"
    | "alarmRecheckMs"
    | "alarmFailures"
    | "alarmChecks"
    | "thoroughMs"
    | "usablePeers"
    | "usableForWish"
    | "usablePerAsn"
    | "usablePerNetwork"
    | "wishes"
    | "wishMs"
    | "failedPauseMs"
    | "failedPauseMaxMs"
    | "alonePauseMs"
    | "failedPeers"
    | "gossipOrigins"
    | "gossipPeriodMs"
    | "gossipNeighbours"
    | "gossipPerNeighbour"
    | "gossipBurst"
    | "roundMs"
    | "eagerRoundMs"
    | "nodesWanted"
    | "announcePeers"
    | "indexRetryMs"
    | "recordMs"
    | "recordRenewMs"
    | "topics"
    | "stateMs"
    | "candidates"
    | "candidatesMs"
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
    | "currentPeers"
    | "currentPeersMs"
    | "crowdShare"
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
    | "reviewMs"
    | "resignMs"
    | "loadSmoothingMs"
    | "measureRetryMs"
    | "measureSoonMs"
    | "measureDailyMs"
    | "measurePeersKept"
    | "earliestMs"
    | "beatGapMs"
    | "uptimeDays"
    | "comparedRows"
    | "foldedNames"
    | "usableInAll"
    | "redrawMs"
    | "usablePerNetworkOfPlace"
    | "readForStrangers"
    | "reachMs"
    | "reachRetryMs"
    | "reachSoonMs"
    | "reachAskMs"
    | "reachRelays"
    | "reachDrawn"
    | "seenNetworks"
    | "seenAddresses",
    Limit
  >
> = {
  lifetimeSeconds: fixed(7_200, "seconds", "protocol.md §6.3: an advertisement lives two hours at the most."),
  clockSkewSeconds: fixed(300, "seconds", "Home computers are wrong by minutes; an hour must be told as an error."),
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
  locatePeers: tunable(3, "count", "Peers that a relay asks, beside the DHT, about a next hop that it does not know."),
  locating: tunable(32, "count", "Next hops that a relay asks for at once; each costs some 50 ms of CPU time."),
  locatingPerNetwork: tunable(8, "count", "The same for the askers of one /24 (IPv6: /48)."),
  locateMs: tunable(3_000, "ms", "A client waits for it, and builds by another relay after that."),
  unknownMs: tunable(
    15_000,
    "ms",
    "A next hop that nobody knew is not asked for again; it may just have been started.",
  ),
  unknownPeers: tunable(4_096, "count", "Next hops remembered as unknown; about 0.5 MiB."),
  findMs: tunable(10_000, "ms", "How long a request waits for a node of its kind to be found and to answer."),
  checks: tunable(16, "count", "Health checks at a time; each is a TLS handshake on both sides."),
  checkMs: tunable(5_000, "ms", "A node that has not answered by then is not one to rely on."),
  checkConnectMs: tunable(
    1_000,
    "ms",
    "A check that has no connection by then gives its place to another and goes on: most who answer do so sooner.",
  ),
  slowChecks: tunable(48, "count", "Checks that go on without a place: three seconds of 16 a second."),
  failuresPerAddress: tunable(
    6,
    "count",
    "Failed checks at one address before a pause that doubles; a household has fewer nodes that are gone.",
  ),
  failuresPerSubnet: tunable(16, "count", "The same in one /24 or /48."),
  failuresAtOnce: tunable(480, "count", "Failed checks in all that are free: half a minute of 16 a second."),
  failureRefillMs: tunable(500, "ms", "After this time one more is."),
  aloneAddressPauseMs: tunable(
    120_000,
    "ms",
    "The longest pause of an address while no node answers: an offline client is back that soon.",
  ),
  forgivenMs: tunable(
    3_600_000,
    "ms",
    "A move ends a pause once in this time: who moves with each signature gains nothing.",
  ),
  checkPauseMs: tunable(1_000, "ms", "How often it is looked at whose check is due."),
  recheckMs: tunable(90_000, "ms", "How old the last sign of life of a usable node may get; docs/simulation.md."),
  farRecheckMs: tunable(
    600_000,
    "ms",
    "Nodes that are checked by way of others: each check costs three nodes a handshake.",
  ),
  alarmRecheckMs: tunable(
    30_000,
    "ms",
    "The same while many leave: 95 % of what is picked is alive when half go in ten minutes.",
  ),
  alarmFailures: tunable(2, "count", "So many failures among the last checks of usable nodes mean that many leave."),
  alarmChecks: tunable(30, "count", "Checks of usable nodes that are looked back at for that."),
  thoroughMs: tunable(
    900_000,
    "ms",
    "How often a usable node proves who it is; in between it is enough that somebody answers.",
  ),
  usablePeers: tunable(64, "count", "Nodes of any kind that are kept usable."),
  usableForWish: tunable(
    48,
    "count",
    "Nodes of a kind that was asked for that are kept usable: enough to rotate among; a check every two seconds.",
  ),
  usablePerAsn: tunable(
    8,
    "count",
    "Usable nodes of one kind in one AS: an eighth of 64, a sixth of a kind; docs/simulation.md.",
  ),
  usablePerNetwork: tunable(3, "count", "The same in one /16 or /32: a twenty-fifth, rounded up."),
  wishes: tunable(16, "count", "Kinds of nodes that are remembered as asked for."),
  wishMs: tunable(600_000, "ms", "How long such a kind is remembered."),
  failedPauseMs: tunable(60_000, "ms", "Before a node that did not answer is checked again; doubled each time."),
  failedPauseMaxMs: tunable(3_600_000, "ms", "The longest such pause; half of an advertisement's life."),
  alonePauseMs: tunable(10_000, "ms", "The pause while no node answers at all: then the fault is hardly theirs."),
  failedPeers: tunable(4_096, "count", "Nodes that did not answer and are remembered."),
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
    "Connected peers that are told of each new advertisement of one's own, beside DHT and gossip.",
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
  currentPeers: tunable(1_000, "count", "Peers that are handed out where nobody says which ones."),
  currentPeersMs: tunable(
    5_000,
    "ms",
    "How old what a client without a directory has read of them may get: 30 ms each.",
  ),
  crowdShare: tunable(8, "count", "One network or AS gets at most an eighth of an answer while others are left."),
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
  indexReads: tunable(24, "count", "Keys that one search reads at the most."),
  indexReviewMs: tunable(3_600_000, "ms", "How often a node looks whether it still stands in the right shard."),
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
  reviewMs: tunable(5_000, "ms", "How often a node looks whether its advertisement is still true."),
  resignMs: tunable(60_000, "ms", "Receivers take one advertisement a minute from an honest node."),
  loadSmoothingMs: tunable(60_000, "ms", "A load that was smoothed over a minute shows no single download."),
  measureRetryMs: tunable(30_000, "ms", "Before a node measures with a peer, and after a failure; doubled each time."),
  measureSoonMs: tunable(600_000, "ms", "Between the first three measurements, so that one peer's word is not all."),
  measureDailyMs: tunable(86_400_000, "ms", "Lines change seldom, and 32 MiB a day is what it may cost."),
  measurePeersKept: tunable(16, "count", "Peers that a node measured with last, and passes over for the next."),
  earliestMs: tunable(1_767_225_600_000, "ms", "The year 2026: a clock that shows less is wrong, and marks no uptime."),
  beatGapMs: tunable(150_000, "ms", "A beat this late still fills in the minutes before it; timers are late by less."),
  uptimeDays: tunable(40, "count", "Days of uptime kept: 30, and some that a wrong clock wrote."),
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
  usableInAll: tunable(
    256,
    "count",
    "Nodes that are kept usable in all: three checks a second, nine in alarm; then the kind unasked for longest loses.",
  ),
  redrawMs: tunable(5_000, "ms", "Before it is looked again for a kind of which all known nodes have been checked."),
  usablePerNetworkOfPlace: tunable(
    12,
    "count",
    "Usable nodes of one /16 or /32 where an AS, a provider or a city was asked for: a quarter, since towns have few networks.",
  ),
  readForStrangers: tunable(
    8_192,
    "count",
    "Rows that are looked at for a stranger who asks for a region or a provider; some 10 ms, each time another part.",
  ),
  reachMs: tunable(
    900_000,
    "ms",
    "How often a node that was reached has itself dialled: routers forget, addresses change.",
  ),
  reachRetryMs: tunable(120_000, "ms", "The same after a failure: whoever just opened a port wants to see it work."),
  reachSoonMs: tunable(15_000, "ms", "Before it is looked again for a relay to ask where none is known."),
  reachAskMs: tunable(30_000, "ms", "Two handshakes, and the 8 s and 5 s that a relay gives the next hop."),
  reachRelays: tunable(3, "count", "Relays asked in one check; two that agree decide."),
  reachDrawn: tunable(32, "count", "Relays drawn by chance, so that three of different networks are among them."),
  seenNetworks: tunable(64, "count", "Networks whose word about this node's own address is kept, the latest."),
  seenAddresses: tunable(
    4,
    "count",
    "Own addresses of a family that others' word makes: each closes a place at the exit.",
  ),
};
