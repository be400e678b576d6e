import { BywayError } from "../core/errors.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import type { Way } from "../link/way.ts";
import { firstHopWays } from "../link/way-kinds.ts";
import type { KnownPeer } from "../peers/known-peer.ts";

/**
 * The ways by which a node itself may connect to a peer that a stranger told of: to public addresses alone, unless the network
 * is local. One at least: throws ERR_ADVERTISEMENT_PRIVATE with `message` where there is none.
 */
export function publicWays(
  { advertisement }: KnownPeer,
  { localNetwork, message }: { readonly localNetwork: boolean; readonly message: string },
): readonly Way[] {
  const ways = firstHopWays(advertisement).filter(({ at }) => localNetwork || classifyAddress(at.host) === undefined);
  if (ways.length === 0) throw new BywayError("ERR_ADVERTISEMENT_PRIVATE", message);
  return ways;
}
