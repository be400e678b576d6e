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
  | "carrierWindowBytes"
  | "sessionMemoryMb"
  | "headerPairs"
  | "resetBurst"
  | "resetsPerSecond"
  | "links"
  | "linksPerAddress"
  | "datagramBacklogBytes"
  | "datagramDrainMs"
  | "describeBytes";

/** Bounds of the link room: what one hop may make the other hold, and how long it may be silent. */
export const LINK_LIMITS: Readonly<Record<Name, Limit>> = {
  handshakeMs: tunable(10_000, "ms", "A TLS handshake takes two round trips; a slower peer is stalling."),
  pingPeriodMs: tunable(15_000, "ms", "Below the 30 s after which home routers forget a silent TCP mapping."),
  unansweredPings: fixed(2, "count", "protocol.md §2: two unanswered pings mean that the link is dead."),
  idleMs: tunable(300_000, "ms", "A link without streams is closed; a warm client asks more often than this."),
  drainMs: tunable(5_000, "ms", "How long a refused or ending stream may still send before it is reset."),
  streamsPerLink: tunable(1_024, "count", "A browser opens hundreds; an exit has four times as many target sockets."),
  linkWindowBytes: tunable(16 * 1024 * 1024, "bytes", "Fills 1 Gbit/s at 130 ms."),
  streamWindowBytes: tunable(
    1024 * 1024,
    "bytes",
    "What a node holds of a stranger's stream whose target has stalled.",
  ),
  clientStreamWindowBytes: tunable(
    4 * 1024 * 1024,
    "bytes",
    "A client holds this of its own app's stream; fills 300 Mbit/s at 100 ms.",
  ),
  carrierWindowBytes: tunable(
    16 * 1024 * 1024,
    "bytes",
    "A stream that carries the next link holds all streams of that link; measured over 3 hops: 1.16 times the MB/s of 1 MiB.",
  ),
  sessionMemoryMb: tunable(64, "count", "MiB that one HTTP/2 session may hold; above it new streams are refused."),
  headerPairs: tunable(32, "count", "A CONNECT needs five header fields."),
  resetBurst: tunable(5_000, "count", "Aborted app connections reset streams; a flood is CVE-2023-44487."),
  resetsPerSecond: tunable(500, "per-second", "The rate at which the burst allowance refills."),
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
  datagramDrainMs: tunable(2_000, "ms", "Time for the far side to end its half of a flow before the flow is reset."),
  describeBytes: tunable(16 * 1024, "bytes", "The answer of GET /.well-known/byway."),
};
