import type { GeoSource } from "../geo/geo-facts.ts";
import type { ContradictedClaim } from "../operation/node-status.ts";
import { placeOf } from "../peers/claims.ts";
import type { Advertisement } from "../wire/advertisement.ts";

/** The claims of a node's own advertisement that `geo` contradicts, as a client with the same data sees them. */
export function contradictedClaims(own: Advertisement, geo: GeoSource): readonly ContradictedClaim[] {
  const place = placeOf(own, geo);
  return place.contradicted.map((claim) => ({
    claim,
    claimed: String(own[claim]),
    found: String(place[claim]),
  }));
}
