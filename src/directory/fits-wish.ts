import type { PeerWish } from "../wire/peer-wish.ts";
import type { KnownPeer } from "./known-peer.ts";

/** Whether a peer is of the sort that `wish` asks for; its place counts where it was compared with data, its claims elsewhere. */
export function fitsWish({ advertisement, place }: KnownPeer, wish: PeerWish): boolean {
  const { peer, roles, protocols } = advertisement;
  const { country, asn, network } = place ?? advertisement;
  const isIn = <T>(value: T | undefined, list: readonly T[] | undefined): boolean =>
    list === undefined || list.length === 0 || (value !== undefined && list.includes(value));
  return (
    isIn(peer, wish.peers) &&
    isIn(country, wish.countries) &&
    isIn(asn, wish.asns) &&
    isIn(network ?? "unknown", wish.networks) &&
    (wish.roles ?? []).every((role) => roles.includes(role)) &&
    (wish.protocols ?? []).every((protocol) => protocols.includes(protocol))
  );
}
