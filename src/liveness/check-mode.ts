import type { KnownPeer } from "../peers/known-peer.ts";

/** How a peer is asked for a sign of life. */
export interface CheckMode {
  /** Opens a link, which proves who answers. Otherwise it is enough that somebody accepts a connection. */
  readonly thorough: boolean;
  /** Asks through other nodes, so that the peer does not see this side's address; always thorough. */
  readonly isFar: boolean;
}

/**
 * Asks a peer whether it is alive. Returns the round trip in ms, or undefined if there is nobody to ask through. Rejects if
 * the peer does not answer. Calls `onConnected` when somebody has accepted the connection.
 */
export type CheckPeer = (
  peer: KnownPeer,
  mode: CheckMode,
  signal: AbortSignal,
  onConnected: () => void,
) => Promise<number | undefined>;
