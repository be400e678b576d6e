import { fixed, type Limit, tunable } from "../core/limits.ts";

type Name =
  | "handshakeMs"
  | "pingPeriodMs"
  | "unansweredPings"
  | "idleMs"
  | "drainMs"
  | "streamsPerLink"
  | "linkWindowBytes"
  | "streamWindowBytes"
  | "clientStreamWindowBytes"
  | "widestStreamWindowBytes"
  | "windowPause"
  | "sessionMemoryMb"
  | "headerPairs"
  | "resetBurst"
  | "resetsPerSecond"
  | "links"
  | "linksPerAddress"
  | "datagramBacklogBytes"
  | "watchedCapsuleBytes"
  | "datagramDrainMs"
  | "describeBytes"
  | "retryAfterSec"
  | "unspokenConnections"
  | "unspokenPerAddress"
  | "openNotices"
  | "networkNotices"
  | "noticesPerSecond"
  | "networkNoticesPerSecond"
  | "networkNoticeBurst"
  | "noticeHeadMs"
  | "noticeHeadBytes"
  | "bandwidthBytes"
  | "bandwidthMs"
  | "bandwidthClientMs"
  | "bandwidthReportMs"
  | "bandwidthLineBytes"
  | "bandwidthTransfers"
  | "bandwidthPeriodMs"
  | "bandwidthAddresses"
  | "bandwidthStallMs"
  | "bandwidthLeastBytes"
  | "connectionsPerSecond"
  | "connectionBurst"
  | "networkConnectionsPerSecond"
  | "networkConnectionBurst"
  | "quietConnectionsPerSecond"
  | "quietConnectionBurst"
  | "knownNetworks"
  | "firstBytesMs"
  | "loopbackMs"
  | "helloBytes"
  | "allRefusalsPerSecond"
  | "allRefusalBurst"
  | "floodedRefusalBurst"
  | "refusedDrainMs"
  | "handshakesPerSecond"
  | "handshakeBurst"
  | "openHandshakes"
  | "handshakesPerNetwork"
  | "waitingHandshakes"
  | "handshakeWaitMs"
  | "linksPerNetwork"
  | "crowdedIdleMs"
  | "closingMs"
  | "pingBurst"
  | "pingsPerSecond"
  | "ownPingBurst"
  | "ownPingsPerSecond"
  | "settingsBurst"
  | "settingsPerSecond"
  | "refusalBurst"
  | "refusalsPerSecond"
  | "headerListBytes"
  | "waitingRequestBytes"
  | "waitingRequestBytesPerNetwork"
  | "waitingRequestBytesPerLink"
  | "interimsPerSecond"
  | "interimBurst"
  | "longListsPerSecond"
  | "longListBurst"
  | "tinyFrameBytes"
  | "tinyFramesPerSecond"
  | "tinyFrameBurst"
  | "tinyWritesPerSecond"
  | "tinyWriteBurst"
  | "tinyWriteWaitMs"
  | "rememberedNetworks";

/** Bounds of the link room: what one hop may make the other hold, and how long it may be silent. */
export const LINK_LIMITS: Readonly<Record<Name, Limit>> = {
  handshakeMs: tunable(10_000, "ms", "A TLS handshake takes two round trips; a slower peer is stalling."),
  pingPeriodMs: tunable(15_000, "ms", "Below the 30 s after which home routers forget a silent TCP mapping."),
  unansweredPings: fixed(2, "count", "protocol.md §2: two unanswered pings and silence mean that the link is dead."),
  idleMs: tunable(300_000, "ms", "A link without streams is closed; a warm client asks more often than this."),
  drainMs: tunable(5_000, "ms", "How long a refused or ending stream may still send before it is reset."),
  streamsPerLink: tunable(1_024, "count", "A browser opens hundreds; an exit has four times as many target sockets."),
  linkWindowBytes: tunable(
    64 * 1024 * 1024,
    "bytes",
    "Fills 1 Gbit/s at 500 ms. It holds nothing back for long: what arrives goes to its stream at once.",
  ),
  streamWindowBytes: tunable(
    1024 * 1024,
    "bytes",
    "What a node takes ahead of a stranger's stream, until bulk shows that it needs more.",
  ),
  widestStreamWindowBytes: tunable(
    32 * 1024 * 1024,
    "bytes",
    "How far either end widens that for streams that are drained; fills 800 Mbit/s at 300 ms, three hops of 50 ms each.",
  ),
  windowPause: tunable(16, "count", "Halves of the window between two measurements that came to nothing."),
  clientStreamWindowBytes: tunable(
    4 * 1024 * 1024,
    "bytes",
    "What a client takes ahead of its own stream, until bulk needs more; wider ones wait in memory and delay the others.",
  ),
  sessionMemoryMb: tunable(
    256,
    "count",
    "MB that one HTTP/2 session may hold, above which new streams are refused; 1,024 stalled streams with 128 KiB to send fit.",
  ),
  headerPairs: tunable(32, "count", "A CONNECT needs five header fields."),
  resetBurst: tunable(2_048, "count", "All streams of a link, twice: apps that end abort theirs. CVE-2023-44487."),
  resetsPerSecond: tunable(100, "per-second", "As many as a link may open by default; 0.3 to 1 ms of a core each."),
  links: tunable(4_096, "count", "Each idle link costs about 60 KiB."),
  linksPerAddress: tunable(
    512,
    "count",
    "Many clients share one address behind carrier-grade NAT; one crowd must not take all.",
  ),
  datagramBacklogBytes: tunable(
    256 * 1024,
    "bytes",
    "UDP payload waiting for a slow link; more is dropped, as UDP may.",
  ),
  watchedCapsuleBytes: tunable(4_096, "bytes", "An unfinished capsule from which on the memory budget knows of it."),
  datagramDrainMs: tunable(2_000, "ms", "Time for the far side to end its half of a flow before the flow is reset."),
  describeBytes: tunable(16 * 1024, "bytes", "The answer of GET /.well-known/byway."),
  retryAfterSec: tunable(
    86_400,
    "seconds",
    "The longest wait that a hop's refusal can name: opening hours come round in a day.",
  ),
  unspokenConnections: tunable(1_024, "count", "Connections to the public port whose first byte has not come."),
  unspokenPerAddress: tunable(32, "count", "Those of one address: peers send their first bytes at once."),
  openNotices: tunable(64, "count", "Connections that ask by HTTP what this address is; each is one short answer."),
  networkNotices: tunable(8, "count", "Of these, of one /24 (IPv4) or /48 (IPv6): a browser opens six."),
  noticesPerSecond: tunable(20, "per-second", "People and crawlers ask a few times a day."),
  networkNoticesPerSecond: tunable(
    1,
    "per-second",
    "Of these, of one network in the long run: twenty networks together leave nothing, and then those that were quiet come first.",
  ),
  networkNoticeBurst: tunable(8, "count", "Of one network at once: a browser opens six connections."),
  noticeHeadMs: tunable(2_000, "ms", "The head of such a request comes in one packet; a slow one holds a place."),
  noticeHeadBytes: tunable(8_192, "bytes", "The head of such a request; a browser's is below 2 KiB."),
  bandwidthBytes: fixed(
    16 * 1024 * 1024,
    "bytes",
    "One transfer that measures bandwidth: over a second at 100 Mbit/s.",
  ),
  bandwidthMs: fixed(10_000, "ms", "The longest such transfer; a slow line is measured by what came until then."),
  bandwidthClientMs: tunable(8_000, "ms", "When the one who measures stops, before the other end resets the transfer."),
  bandwidthLineBytes: tunable(128, "bytes", "One report on an upload."),
  bandwidthReportMs: tunable(20, "ms", "How often a node says how much of an upload has come."),
  bandwidthTransfers: tunable(
    2,
    "count",
    "Such transfers at a time, so that users' streams keep the line; one network does not keep both.",
  ),
  bandwidthStallMs: tunable(2_000, "ms", "How often a transfer must have moved; a stalled one holds a place."),
  bandwidthLeastBytes: tunable(16_384, "bytes", "And how far: 65 kbit/s, slower than any line of a node."),
  bandwidthPeriodMs: tunable(600_000, "ms", "After an address measured one direction, until it may again."),
  bandwidthAddresses: tunable(
    4_096,
    "count",
    "Addresses of which a node remembers that they measured; the first is forgotten.",
  ),
  connectionsPerSecond: tunable(
    400,
    "per-second",
    "New connections of everybody; 0.05 to 0.1 ms of a core each until their first byte.",
  ),
  connectionBurst: tunable(2_048, "count", "Half of all links may come back at once after a break."),
  networkConnectionsPerSecond: tunable(
    50,
    "per-second",
    "New connections of one /24 or /48: a carrier's whole translator keeps below this.",
  ),
  networkConnectionBurst: tunable(1_024, "count", "All links that one network may have, coming back at once."),
  quietConnectionsPerSecond: tunable(
    100,
    "per-second",
    "Beyond the rate of everybody, for networks from which none came lately.",
  ),
  quietConnectionBurst: tunable(256, "count", "Clients that come back at once in the middle of a flood."),
  knownNetworks: tunable(4_096, "count", "Networks whose rate is remembered; about 200 bytes each."),
  loopbackMs: fixed(
    2_000,
    "ms",
    "How long a connection of this machine to itself may take when the loopback interface is checked. It takes less than a millisecond, so only a firewall that drops it is slower.",
  ),
  firstBytesMs: tunable(
    5_000,
    "ms",
    "The ClientHello goes out with the connection; this bears the loss of a packet twice.",
  ),
  helloBytes: fixed(16_384, "bytes", "The longest TLS record (RFC 8446 §5.1); a ClientHello of ours takes 1.5 KB."),
  handshakesPerSecond: tunable(
    100,
    "per-second",
    "With the link that follows one takes a millisecond: a tenth of a core.",
  ),
  handshakeBurst: tunable(320, "count", "What may come at once after a break: 0.3 s of a core."),
  openHandshakes: tunable(512, "count", "Handshakes under way; an honest one is for one round trip."),
  handshakesPerNetwork: tunable(128, "count", "Those of one /24 or /48: 640 a second at a round trip of 200 ms."),
  waitingHandshakes: tunable(512, "count", "Those that wait for their turn: at the rate above, 2.5 s."),
  handshakeWaitMs: tunable(4_000, "ms", "The longest wait for a turn; clients give up after 10 s."),
  linksPerNetwork: tunable(1_024, "count", "Links of one /24 or /48: a quarter of all."),
  crowdedIdleMs: tunable(30_000, "ms", "When a link without streams is closed while nearly all places are taken."),
  closingMs: tunable(
    2_000,
    "ms",
    "How long the peer of an idle link that is closed may keep the connection; an honest one closes it at once.",
  ),
  pingBurst: tunable(200, "count", "Pings of a peer; each is answered."),
  pingsPerSecond: tunable(
    10,
    "per-second",
    "Ours sends one in 15 s, and as many as `ownPingsPerSecond` when it doubts a link.",
  ),
  ownPingBurst: tunable(50, "count", "Pings of ours beyond that rate; far below what another hop takes."),
  ownPingsPerSecond: tunable(
    5,
    "per-second",
    "Half of what a hop takes; hundreds of streams that are late ask about one link.",
  ),
  settingsBurst: tunable(64, "count", "SETTINGS frames of a peer; each is acknowledged."),
  settingsPerSecond: tunable(1, "per-second", "Ours sends one in all."),
  refusalBurst: tunable(
    1_000,
    "count",
    "Requests that this node need not serve; a full link that meets a closed policy asks 1,024 times at most.",
  ),
  allRefusalsPerSecond: tunable(200, "per-second", "The same of all links together: 0.06 of a core."),
  allRefusalBurst: tunable(2_048, "count", "Two full links that meet a closed policy at once."),
  floodedRefusalBurst: tunable(8, "count", "What a link has of them while all together have too many."),
  refusedDrainMs: tunable(500, "ms", "How long a link that is closed for them stays open, so that its peer reads why."),
  refusalsPerSecond: tunable(10, "per-second", "How fast such are forgiven; each costs 0.3 ms."),
  headerListBytes: tunable(
    8_192,
    "bytes",
    "A header list as RFC 9113 §6.5.2 counts it, either way. The longest of ours is a relay's request: 2,400.",
  ),
  waitingRequestBytes: tunable(
    64 * 1024 * 1024,
    "bytes",
    "Header lists of requests that wait for their answers; 27,000 of the longest of ours.",
  ),
  waitingRequestBytesPerNetwork: tunable(16 * 1024 * 1024, "bytes", "Those of one /24 or /48: a quarter."),
  waitingRequestBytesPerLink: tunable(
    4 * 1024 * 1024,
    "bytes",
    "Those of one link: all its streams may wait for a relay's answer, with the longest of ours.",
  ),
  longListsPerSecond: tunable(
    1,
    "per-second",
    "Header lists beyond that of a peer that has not acknowledged the bound.",
  ),
  longListBurst: tunable(8, "count", "The same at once; each brings up to 64 KB of garbage."),
  interimsPerSecond: tunable(1, "per-second", "Interim answers (1xx) of a hop; ours sends none."),
  interimBurst: tunable(64, "count", "The same at once."),
  tinyFrameBytes: tunable(64, "bytes", "A DATA frame below this costs more by its number than by its bytes."),
  tinyFramesPerSecond: tunable(
    8_000,
    "per-second",
    "Tiny frames of a peer that follow one another: 3 µs of a core each. Twice what our sender lets out.",
  ),
  tinyFrameBurst: tunable(
    32_768,
    "count",
    "What a line that stood for some seconds brings at once; a tenth of a second of a core.",
  ),
  tinyWritesPerSecond: tunable(
    4_000,
    "per-second",
    "Tiny frames that this end sends on a link; more wait for company.",
  ),
  tinyWriteBurst: tunable(
    512,
    "count",
    "Tiny writes that go out at once whatever came before: all streams of a busy link.",
  ),
  tinyWriteWaitMs: tunable(2, "ms", "How long a tiny write beyond that waits at least."),
  rememberedNetworks: tunable(
    4_096,
    "count",
    "Addresses whose address, network or area is remembered as a key, each; all forgotten at once when full; 0.5 MiB.",
  ),
};
