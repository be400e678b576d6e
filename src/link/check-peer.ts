import { withAbort } from "../core/abort.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { type ReachPeerComponents, reachPeer, tryWays } from "./reach-peer.ts";
import type { Way } from "./way.ts";

/** Whom to check, and how strictly. */
export interface PeerCheck {
  readonly peerId: PeerId;
  /** The ones to try first. */
  readonly ways: readonly Way[];
  /** Accept a peer without post-quantum key exchange. */
  readonly allowClassical: boolean;
  /** Open a link and send a PING on it, and not only a TCP connection. */
  readonly thorough: boolean;
  /** Called once, when somebody has accepted a connection, whoever that is. */
  readonly onConnected?: (() => void) | undefined;
}

/**
 * Whether a peer answers, and its round trip in ms: that of a PING on a link, or of a TCP connection. Leaves nothing open.
 * Throws as `reachPeer`, or ERR_HOP_LOST.
 */
export async function checkPeer(
  components: ReachPeerComponents,
  { thorough, ...peer }: PeerCheck,
  signal: AbortSignal,
): Promise<number> {
  const { clock, dialler } = components;
  if (!thorough) {
    return tryWays(components, { ways: peer.ways, signal }, async (way, until) => {
      const startMs = clock.monotonicMs();
      const raw = await dialler.reach(way, peer.peerId, until);
      const roundTripMs = clock.monotonicMs() - startMs;
      peer.onConnected?.();
      raw.destroy();
      return roundTripMs;
    });
  }
  const link = await reachPeer(components, { ...peer, signal });
  try {
    return await withAbort(link.ping(), signal);
  } finally {
    link.destroy();
    await link.closed;
  }
}
