import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import { type Bandwidth, measureBandwidth } from "../link/measure-bandwidth.ts";
import { openLink } from "../link/open-link.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import type { KnownPeer } from "../peers/known-peer.ts";

/**
 * A function that measures this node's line by links to a peer's first endpoint. It never dials a private address, except in
 * a local network. Throws what dialling, opening and measuring throw, and ERR_ADVERTISEMENT_PRIVATE.
 */
export function measurePeer(
  components: { readonly clock: Clock; readonly budget: ByteBudget },
  options: { readonly localNetwork?: boolean; readonly allowClassical?: boolean },
): (peer: KnownPeer, signal: AbortSignal) => Promise<Bandwidth> {
  const transport = new TcpTransport(components);
  const { localNetwork = false, allowClassical = false } = options;
  return async ({ advertisement }, signal) => {
    const [endpoint] = advertisement.endpoints;
    if (endpoint === undefined || (!localNetwork && classifyAddress(endpoint.host) !== undefined)) {
      throw new BywayError("ERR_ADVERTISEMENT_PRIVATE", "the peer has no public endpoint to measure with");
    }
    const peerId = parsePeerId(advertisement.peer);
    const open = async (given: AbortSignal | undefined): Promise<Link> =>
      openLink(components, await transport.dial(endpoint, given), { peerId, allowClassical, signal: given });
    return measureBandwidth({ clock: components.clock, openLink: open }, signal);
  };
}
