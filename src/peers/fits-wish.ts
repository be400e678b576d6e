import { foldName } from "../geo/fold-name.ts";
import { ispMatches, regionMatches } from "../geo/place-names.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import type { KnownPeer, PeerPlace } from "./known-peer.ts";

/** Whether a peer is of the sort that `wish` asks for; its place counts where it was compared with data, its claims elsewhere. */
export function fitsWish({ advertisement, place }: KnownPeer, wish: PeerWish): boolean {
  const { peer, roles, protocols } = advertisement;
  const where = place ?? advertisement;
  return (
    isIn(peer, wish.peers) &&
    isIn(where.country, wish.countries) &&
    isIn(where.asn, wish.asns) &&
    isIn(where.network ?? "unknown", wish.networks) &&
    (wish.roles ?? []).every((role) => roles.includes(role)) &&
    (wish.protocols ?? []).every((protocol) => protocols.includes(protocol)) &&
    fitsNames(where, wish)
  );
}

/** Whether a place has the names of region, city and provider that `wish` asks for. */
export function fitsNames(where: Partial<PeerPlace>, { regions, cities, isps }: PeerWish): boolean {
  const { city, isp } = where;
  return (
    isOne(regions, (region) => regionMatches(region, where)) &&
    (city === undefined
      ? isOne(cities, () => false)
      : isOne(cities, (wanted) => foldName(wanted) === foldName(city))) &&
    (isp === undefined ? isOne(isps, () => false) : isOne(isps, (wanted) => ispMatches(wanted, isp)))
  );
}

function isIn<T>(value: T | undefined, list: readonly T[] | undefined): boolean {
  return isOne(list, (item) => item === value);
}

function isOne<T>(list: readonly T[] | undefined, fits: (item: T) => boolean): boolean {
  return list === undefined || list.some(fits);
}
