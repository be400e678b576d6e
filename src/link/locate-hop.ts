import type { Way } from "./way.ts";

/** The next hop that a request asks for. */
export interface AskedHop {
  readonly peerId: string;
  /** The signed advertisement that the request brought, if any. */
  readonly shown?: Uint8Array | undefined;
  /** The IP address at the far end of the link that the request came on; "" where it has none. */
  readonly askerAddress: string;
}

/** Where a next hop is. */
export interface LocatedHop {
  /** Those that the peer signed, the ones to try first. */
  readonly ways: readonly Way[];
}

/**
 * Finds where a next hop is, by what this node itself knows. Throws ERR_HOP_UNKNOWN where nobody knows the peer,
 * ERR_ADVERTISEMENT_* for what is shown, ERR_STREAM_LIMIT, or the abort reason.
 */
export type LocateHop = (asked: AskedHop, signal: AbortSignal) => Promise<LocatedHop>;
