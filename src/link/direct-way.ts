import type { HostPort } from "../core/network-address.ts";
import type { Way, WayKind } from "./way.ts";

/** A way to an endpoint of the peer's own. */
export interface DirectWay extends Way {
  readonly kind: "direct";
}

/** The way to a peer that listens at `at`. */
export function directTo(at: HostPort): DirectWay {
  return { kind: "direct", at };
}

/** Connects to the endpoints that a peer advertises. */
export const DIRECT: WayKind<DirectWay> = {
  kind: "direct",
  offered: ({ endpoints }) => endpoints.map(directTo),
  reach: ({ transport }, { at }, _peerId, signal) => transport.dial(at, signal),
};
