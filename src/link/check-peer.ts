import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { LinkComponents } from "./link.ts";
import { openLink } from "./open-link.ts";
import type { Transport } from "./transport.ts";

/** Whom to check, and how strictly. */
export interface PeerCheck {
  readonly peerId: PeerId;
  /** The first of them is asked. */
  readonly endpoints: readonly HostPort[];
  /** Accept a peer without post-quantum key exchange. */
  readonly allowClassical: boolean;
  /** Open a link and send a PING on it, and not only a TCP connection. */
  readonly thorough: boolean;
  /** Called when the endpoint has accepted the connection, whoever is there. */
  readonly onConnected?: () => void;
}

/**
 * Whether a peer answers, and its round trip in ms: that of a PING on a link, or of a TCP connection. Leaves nothing open.
 * Throws what dialling and `openLink` throw, ERR_HOP_UNREACHABLE for a peer without endpoint, ERR_HOP_LOST or the abort reason.
 */
export async function checkPeer(
  components: LinkComponents & { readonly dialler: Pick<Transport, "dial"> },
  { peerId, endpoints: [endpoint], allowClassical, thorough, onConnected }: PeerCheck,
  signal: AbortSignal,
): Promise<number> {
  if (endpoint === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "the peer has no endpoint");
  const startMs = components.clock.monotonicMs();
  const raw = await components.dialler.dial(endpoint, signal);
  onConnected?.();
  if (!thorough) {
    const roundTripMs = components.clock.monotonicMs() - startMs;
    raw.destroy();
    return roundTripMs;
  }
  const link = await openLink(components, raw, { peerId, allowClassical, signal });
  try {
    return await withAbort(link.ping(), signal);
  } finally {
    link.destroy();
    await link.closed;
  }
}
