import type { Duplex } from "node:stream";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import type { LinkComponents } from "./link.ts";

/**
 * One way to reach a peer, as plain JSON. What it has beside these two fields is read by its kind alone.
 */
export interface Way {
  /** The name of its kind in `WAY_KINDS`. */
  readonly kind: string;
  /** The IP endpoint that this side connects to, whether the peer itself is there or another that leads to it. */
  readonly at: HostPort;
}

/** What reaching a peer takes. */
export interface WayComponents extends LinkComponents {
  /** Connects to IP endpoints, as `Transport.dial` does. */
  readonly transport: { dial(endpoint: HostPort, signal: AbortSignal): Promise<Duplex> };
}

/** A kind of way: which ways an advertisement offers, and how to reach a peer by one. */
export interface WayKind<W extends Way = Way> {
  readonly kind: W["kind"];
  /** The ways of this kind that a peer says lead to it, the best first. A stranger wrote the advertisement. */
  offered(advertisement: Advertisement): readonly W[];
  /**
   * Connects to where the peer should be; the link proves later that it is. The caller owns the stream. Throws hop errors, or
   * the abort reason.
   */
  reach(components: WayComponents, way: W, peerId: PeerId, signal: AbortSignal): Promise<Duplex>;
}

/** A way as text that is the same for the same way only: `ip:port`, with the kind before it unless that is `direct`. */
export function formatWay({ kind, at }: Way): string {
  return kind === "direct" ? formatHostPort(at) : `${kind} ${formatHostPort(at)}`;
}
