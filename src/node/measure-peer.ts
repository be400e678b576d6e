import type { Clock } from "../core/clock.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import { type Bandwidth, measureBandwidth } from "../link/measure-bandwidth.ts";
import { reachPeer } from "../link/reach-peer.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { WayDialler } from "../link/way-dialler.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { publicWays } from "./public-ways.ts";

/**
 * A function that measures this node's line by links to a peer. It never dials a private address, except in a local network.
 * Throws what `reachPeer` and measuring throw, and ERR_ADVERTISEMENT_PRIVATE.
 */
export function measurePeer(
  { clock, budget }: { readonly clock: Clock; readonly budget: ByteBudget },
  options: { readonly localNetwork?: boolean | undefined; readonly allowClassical?: boolean | undefined },
): (peer: KnownPeer, signal: AbortSignal) => Promise<Bandwidth> {
  const dialler = new WayDialler({ clock, budget, transport: new TcpTransport({ clock }) });
  const { localNetwork = false, allowClassical = false } = options;
  return async (peer, signal) => {
    const ways = publicWays(peer, { localNetwork, message: "the peer has no public endpoint to measure with" });
    const peerId = parsePeerId(peer.advertisement.peer);
    const openLink = (): Promise<Link> =>
      reachPeer({ clock, budget, dialler }, { peerId, ways, allowClassical, signal });
    return measureBandwidth({ clock, openLink }, signal);
  };
}
