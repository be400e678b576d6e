import { fixed, type Limit, tunable } from "../core/limits.ts";

type Name =
  | "nodeConnections"
  | "clientConnections"
  | "connectionsPerAddress"
  | "incomingPerSecond"
  | "handshakes"
  | "handshakeMs"
  | "dials"
  | "waitingDials"
  | "dialMs"
  | "addressDialMs"
  | "dialledAddresses"
  | "namedAddresses"
  | "streamsPerConnection"
  | "readBufferBytes"
  | "silentMs"
  | "pingPeriodMs"
  | "requestBytes"
  | "answerBytes"
  | "requestMs"
  | "answerMs"
  | "requestStreams"
  | "requestBurst"
  | "requestsPerSecond"
  | "addressRequestBurst"
  | "addressRequestsPerSecond"
  | "meteredPeers"
  | "bookPeers"
  | "bookPeerBytes"
  | "bookAddressMs"
  | "bookPeerMs"
  | "records"
  | "providers"
  | "providersPerKey"
  | "providerMs"
  | "providerRenewMs"
  | "providerLookMs"
  | "dhtStreams"
  | "dhtStreamBytes"
  | "dhtAnswerBytes"
  | "dhtBurst"
  | "dhtRefreshMs"
  | "dhtPerSecond"
  | "dhtQueryMs"
  | "firstNeighbourMs"
  | "corrections"
  | "peersPerDistance"
  | "gossipBytes"
  | "gossipFrameBytes"
  | "gossipMessages"
  | "gossipWaitingBytes"
  | "gossipTopicBytes"
  | "junkPeers"
  | "streamBurst"
  | "streamsPerSecond"
  | "frameBurst"
  | "framesPerSecond"
  | "gossipEntryBurst"
  | "gossipEntriesPerSecond"
  | "gossipMessageBurst"
  | "gossipMessagesPerSecond"
  | "gossipByteBurst"
  | "gossipBytesPerSecond"
  | "junkFrames"
  | "pieceBurst"
  | "piecesPerSecond"
  | "stopMs";

/** Bounds of the overlay: what strangers may make a peer hold, send and do on the control plane. */
export const OVERLAY_LIMITS: Readonly<Record<Name, Limit>> = {
  nodeConnections: tunable(512, "count", "A node answers many; a connection at rest costs about 60 KiB."),
  clientConnections: tunable(64, "count", "A client needs some 20 neighbours and whom it asks."),
  connectionsPerAddress: tunable(16, "count", "Clients behind one address; a crowd there must not take every place."),
  incomingPerSecond: tunable(5, "per-second", "New connections of one address; each costs a key agreement."),
  handshakes: tunable(64, "count", "Incoming connections that have not proved a key yet."),
  handshakeMs: tunable(10_000, "ms", "Noise and the choice of protocols take four round trips."),
  dials: tunable(32, "count", "Dials at once: a look-up has ten under way."),
  waitingDials: tunable(256, "count", "Dials that wait for their turn; more are refused."),
  dialMs: tunable(10_000, "ms", "All addresses of one peer together."),
  addressDialMs: tunable(5_000, "ms", "One address; a slower one is of no use to a look-up."),
  dialledAddresses: tunable(4, "count", "Addresses of one peer that are tried; an honest node has one or two."),
  namedAddresses: tunable(8, "count", "Addresses of one name of a bootstrap that are tried, one after the other."),
  streamsPerConnection: tunable(64, "count", "Look-ups, requests and gossip of one peer at once."),
  readBufferBytes: tunable(512 * 1024, "bytes", "What one connection or stream may hold unread; a window is 256 KiB."),
  silentMs: tunable(150_000, "ms", "A connection on which nothing moves is closed; pings come more often."),
  pingPeriodMs: tunable(60_000, "ms", "Finds dead connections and keeps mappings of home routers; 36 KiB an hour."),
  requestBytes: fixed(8 * 1024, "bytes", "protocol.md §7.1: the longest exchange request."),
  answerBytes: fixed(64 * 1024, "bytes", "protocol.md §7.1: 50 advertisements of 1,280 bytes, and their frame."),
  requestMs: tunable(5_000, "ms", "Time for a stranger to send its request, and to be answered."),
  answerMs: tunable(10_000, "ms", "Time from asking to the whole answer; the dial is not in it."),
  requestStreams: tunable(8, "count", "Exchange requests of one peer at once."),
  requestBurst: tunable(10, "count", "Exchange requests that a peer may send at once after a pause."),
  requestsPerSecond: tunable(2, "per-second", "How fast that allowance refills."),
  addressRequestBurst: tunable(40, "count", "The same of one address: identities cost nothing; a home has few peers."),
  addressRequestsPerSecond: tunable(8, "per-second", "How fast that refills; each request costs at most some 8 ms."),
  meteredPeers: tunable(4_096, "count", "Peers whose allowance is remembered; the longest unused is forgotten first."),
  bookPeers: tunable(8_192, "count", "Peers whose addresses are remembered; the longest unused is forgotten first."),
  bookPeerBytes: tunable(8 * 1024, "bytes", "What is remembered of one peer; an honest one takes about 400 bytes."),
  bookAddressMs: tunable(14_400_000, "ms", "An address lives longer than the index entries that lead to it."),
  bookPeerMs: tunable(21_600_000, "ms", "A peer that nobody mentioned for six hours is forgotten."),
  records: tunable(4_096, "count", "DHT records kept for others: 20 times what a node's share is in any network."),
  providers: tunable(16_384, "count", "Index entries kept for others; about 200 bytes each."),
  providersPerKey: tunable(96, "count", "Entries under one key; a shard of the index is meant to hold 64."),
  providerMs: tunable(10_800_000, "ms", "An entry that was not renewed for three hours vanishes."),
  providerRenewMs: tunable(7_200_000, "ms", "Renewed when less than this is left: after one hour."),
  providerLookMs: tunable(900_000, "ms", "How often own entries are looked at for renewal."),
  dhtStreams: tunable(16, "count", "DHT requests of one peer at once; a look-up sends one."),
  dhtStreamBytes: tunable(16 * 1024, "bytes", "What may arrive on one incoming DHT stream; a record has under 2 KiB."),
  dhtAnswerBytes: tunable(128 * 1024, "bytes", "The longest DHT answer that is read: 96 entries and 20 neighbours."),
  dhtRefreshMs: tunable(
    3_600_000,
    "ms",
    "How often a peer looks for its neighbours again: hourly, as Kademlia has it (§2.3).",
  ),
  dhtBurst: tunable(120, "count", "DHT requests that a peer may send at once: one that joins refreshes 16 distances."),
  dhtPerSecond: tunable(20, "per-second", "How fast that allowance refills."),
  dhtQueryMs: tunable(30_000, "ms", "A whole look-up."),
  firstNeighbourMs: tunable(3_000, "ms", "How long a look-up waits for the first connection to become a neighbour."),
  corrections: tunable(8, "count", "Peers with an older record that one reading puts right."),
  peersPerDistance: tunable(
    40,
    "count",
    "Neighbours kept for each length of common prefix, so that a table has log n.",
  ),
  gossipBytes: fixed(1_280, "bytes", "A gossip message is an envelope: directory.envelopeBytes."),
  gossipFrameBytes: tunable(512 * 1024, "bytes", "One gossip frame: 400 messages that a peer missed, or 5,000 names."),
  gossipMessages: tunable(400, "count", "Messages in one gossip frame."),
  gossipWaitingBytes: tunable(1024 * 1024, "bytes", "Gossip that waits for a slow peer; above it the stream is reset."),
  gossipTopicBytes: tunable(256 * 1024, "bytes", "Topics that one peer may name; there are 250 countries."),
  streamBurst: tunable(
    192,
    "count",
    "Streams that one connection may open at once: a DHT burst, and what else it asks.",
  ),
  streamsPerSecond: tunable(32, "per-second", "How fast that refills; a stream costs 0.3 ms of CPU time and more."),
  frameBurst: tunable(1_024, "count", "Lines and messages on streams other than gossip's at once: four a stream."),
  framesPerSecond: tunable(160, "per-second", "How fast that refills."),
  gossipEntryBurst: tunable(
    256,
    "count",
    "Gossip frames without messages, subscriptions and control entries of one connection at once: 15 ms of CPU time at the most.",
  ),
  gossipEntriesPerSecond: tunable(64, "per-second", "How fast that refills; an honest neighbour needs a few."),
  gossipMessageBurst: tunable(
    3_072,
    "count",
    "Gossip messages of one connection at once. A neighbour may pass on 256 of each of eight topics, which strangers may send it in one second.",
  ),
  gossipMessagesPerSecond: tunable(100, "per-second", "How fast that refills: directory.gossipPerNeighbour."),
  gossipByteBurst: tunable(
    6 * 1024 * 1024,
    "bytes",
    "Gossip of one connection at once: as many messages, of the longest, and what they are in.",
  ),
  gossipBytesPerSecond: tunable(256 * 1024, "per-second", "How fast that refills: twice 100 messages a second."),
  junkFrames: tunable(
    6,
    "count",
    "Gossip frames in a minute that are empty or cannot be decoded; then the connection ends.",
  ),
  pieceBurst: tunable(4_096, "count", "Messages of Noise on one connection at once; each costs some 0.05 ms."),
  piecesPerSecond: tunable(1_024, "per-second", "How fast that refills; at full speed they are large."),
  stopMs: tunable(2_000, "ms", "How long stopping waits for peers that take nothing more, before it resets them."),
  junkPeers: tunable(4_096, "count", "Peers whose junk is remembered; the longest quiet is forgotten first."),
};
