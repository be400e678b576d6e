import type { Way } from "../link/way.ts";
import type { BelievedPlace } from "../peers/known-peer.ts";
import type { NetworkKind } from "../wire/advertisement.ts";
import type { PortRange } from "../wire/port-range.ts";
import type { DeniedClaims } from "./denied-claims.ts";

/** What planning needs to know of a node whose advertisement was verified. */
export interface Candidate extends BelievedPlace {
  /** Peer id in base36. */
  readonly peerId: string;
  /** How this client reaches the node, the way to try first before the others; one at least. */
  readonly ways: readonly Way[];
  /** `relay` forwards links, `exit` opens streams to targets. */
  readonly roles: readonly string[];
  /** `tcp`, `udp`. */
  readonly protocols: readonly string[];
  /** The ports of targets that it accepts as an exit, rising. */
  readonly acceptedPorts: readonly PortRange[];
  readonly networkKind: NetworkKind;
  /** What it claims of its place and address data contradicts; absent where that is nothing. */
  readonly denied?: DeniedClaims;
  /** The /16 or /32 of its address, as `networkPrefix` writes it; two hops never share one. */
  readonly network?: string;
  /** The /24 or /48 of its address; the nodes of one share one allotment. */
  readonly subnet?: string;
  /** Peer ids of the nodes of the same operator, or a name that they share; two hops are never of one family. */
  readonly family?: readonly string[];
  /** Mbit/s of the slower direction, as it advertises. */
  readonly capacityMbps?: number;
  /** Share of its capacity in use, 0 to 1, as it advertises. */
  readonly load?: number;
  /** Share of the time that it says it was up, 0 to 1: of the last 7 and of the last 30 days. */
  readonly availability?: { readonly last7Days: number; readonly last30Days: number };
  readonly price?: { readonly microUsdcPerGiB: bigint; readonly microUsdcPerRequest: bigint };
  /** The round trip of its last check, in ms. */
  readonly rttMs?: number;
  /** Networks of others that named it; absent where its user did. Behind other hops nobody's word for itself will do. */
  readonly namedIn?: readonly string[];
  /** It named nobody when it was asked. */
  readonly isMute?: boolean;
  /** The signed advertisement, where the client's owner handed it in: the hop before may be shown it. */
  readonly shown?: Uint8Array;
}
