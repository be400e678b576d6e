import type { KnownPeer } from "../peers/known-peer.ts";

/** How a peer is asked for a sign of life. */
export interface CheckWay {
  /** Open a link, which proves who it is; otherwise it is enough that somebody still answers there. */
  readonly thorough: boolean;
  /** By way of other nodes, so that the peer does not see this peer's address; always thorough. */
  readonly isFar: boolean;
}

/**
 * Asks a peer for a sign of life; the round trip in ms, or undefined when nobody could be found to ask through. Rejects
 * when it does not answer. Calls `onConnected` when somebody has accepted the connection.
 */
export type CheckPeer = (
  peer: KnownPeer,
  way: CheckWay,
  signal: AbortSignal,
  onConnected: () => void,
) => Promise<number | undefined>;
