import { foldName } from "../geo/fold-name.ts";
import { ispMatches, regionMatches } from "../geo/place-names.ts";
import type { ClaimName, PeerPlace } from "../peers/known-peer.ts";
import type { Advertisement } from "../wire/advertisement.ts";

/** What a node claims of its place and is not believed, since address data contradicts it. */
export type DeniedClaims = Pick<Advertisement, "country" | "region" | "city" | "asn" | "isp" | "network">;

/** A claim that a constraint can ask for. */
export type DeniedClaim = keyof DeniedClaims;

/** A claim falls with the one that it hangs on: a city with its country, a provider with its AS. */
const FALLS_WITH: { readonly [claim in DeniedClaim]: readonly ClaimName[] } = {
  country: ["country"],
  region: ["region", "country"],
  city: ["city", "region", "country"],
  asn: ["asn"],
  isp: ["asn"],
  network: ["network"],
};
const CLAIMS = Object.keys(FALLS_WITH) as readonly DeniedClaim[];

/** The claims of a node that are not believed. Undefined if there are none, as for nearly all nodes. */
export function deniedClaims(claimed: DeniedClaims, place: PeerPlace | undefined): DeniedClaims | undefined {
  if (place === undefined || place.contradicted.length === 0) return undefined;
  const isDenied = (claim: DeniedClaim): boolean =>
    claimed[claim] !== undefined &&
    claimed[claim] !== place[claim] &&
    FALLS_WITH[claim].some((name) => place.contradicted.includes(name));
  return Object.fromEntries(CLAIMS.filter(isDenied).map((claim) => [claim, claimed[claim]]));
}

/** Whether a node claims one of `asked`, and is not believed. Names are compared as those of believed places are. */
export function claimsInVain(
  { denied, country: believed }: { readonly denied?: DeniedClaims; readonly country?: string },
  claim: DeniedClaim,
  asked: readonly (string | number)[],
): boolean {
  const value = denied?.[claim];
  if (value === undefined) return false;
  const claimed = String(value);
  const country = denied?.country ?? believed;
  const names = asked.map(String);
  switch (claim) {
    case "region":
      return names.some((name) => regionMatches(name, { country, region: claimed, regionCode: undefined }));
    case "city":
      return names.some((name) => foldName(name) === foldName(claimed));
    case "isp":
      return names.some((name) => ispMatches(name, claimed));
    default:
      return names.includes(claimed);
  }
}
