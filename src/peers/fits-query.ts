import { foldName } from "../geo/fold-name.ts";
import { ispMatches, regionMatches } from "../geo/place-names.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import type { KnownPeer, PeerPlace } from "./known-peer.ts";

/** Whether a peer is of the sort that `query` asks for; its place counts where it was compared with data, its claims elsewhere. */
export function fitsQuery({ advertisement, place }: KnownPeer, query: PeerQuery): boolean {
  const { peer, roles, protocols } = advertisement;
  const where = place ?? advertisement;
  return (
    isIn(peer, query.peers) &&
    isIn(where.country, query.countries) &&
    isIn(where.asn, query.asns) &&
    isIn(where.network ?? "unknown", query.networks) &&
    (query.roles ?? []).every((role) => roles.includes(role)) &&
    (query.protocols ?? []).every((protocol) => protocols.includes(protocol)) &&
    fitsNames(where, query)
  );
}

/** Whether a place has the names of region, city and provider that `query` asks for. */
export function fitsNames(where: Partial<PeerPlace>, { regions, cities, isps }: PeerQuery): boolean {
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
