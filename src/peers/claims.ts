import { given } from "../core/given.ts";
import { foldName } from "../geo/fold-name.ts";
import type { GeoFacts, GeoSource } from "../geo/geo-facts.ts";
import type { Advertisement, NetworkKind } from "../wire/advertisement.ts";
import type { ClaimName, PeerPlace } from "./known-peer.ts";

/** The claims about its place that an advertisement makes. */
type Claims = Pick<Advertisement, "country" | "region" | "city" | "asn" | "isp" | "network">;

type Where = Pick<PeerPlace, "country" | "region" | "regionCode" | "city">;
type Whose = Pick<PeerPlace, "asn" | "provenAsn" | "isp">;

// In the order in which they are told.
const COMPARED: readonly ClaimName[] = ["country", "region", "city", "asn", "network"];

/**
 * Where to believe that a node is: what `geo` says of its endpoints, and its own claims where `geo` is silent. A claim that
 * the data on any of its endpoints contradicts is named, and the fact of that endpoint is used.
 */
export function placeOf(advertisement: Advertisement, geo: GeoSource): PeerPlace {
  const facts = advertisement.endpoints.map(({ host }) => geo.lookup(host));
  const denials = facts.map((fact) => denied(advertisement, fact));
  const contradicted = COMPARED.filter((claim) => denials.some((denial) => denial.includes(claim)));
  /** The facts to use: of an endpoint that denies one of `claims`, else of the first that has `field`. */
  const decisive = (claims: readonly ClaimName[], field: "country" | "asn"): GeoFacts | undefined =>
    facts.find((_, index) => claims.some((claim) => denials[index]?.includes(claim))) ??
    facts.find((fact) => fact[field] !== undefined);
  return {
    ...where(advertisement, decisive(["country", "region", "city"], "country")),
    ...whose(advertisement, decisive(["asn"], "asn")),
    network: network(advertisement, facts),
    contradicted,
  };
}

/** The claims that one endpoint's facts contradict. */
function denied(claims: Claims, fact: GeoFacts): readonly ClaimName[] {
  return COMPARED.filter((claim) => denies(fact, claim, claims));
}

function denies(fact: GeoFacts, claim: ClaimName, claims: Claims): boolean {
  switch (claim) {
    case "country":
    case "asn":
      return differ(claims[claim], fact[claim]);
    case "region":
      return deniesRegion(claims, fact);
    case "city":
      return namesDiffer(claims.city, fact.city);
    case "network":
      return fact.hosting === "hosting" && (claims.network === "residential" || claims.network === "mobile");
  }
}

function differ<T>(claim: T | undefined, fact: T | undefined): boolean {
  return claim !== undefined && fact !== undefined && claim !== fact;
}

function namesDiffer(claim: string | undefined, fact: string | undefined): boolean {
  return claim !== undefined && fact !== undefined && foldName(claim) !== foldName(fact);
}

/** A region may be claimed by name or by its code of ISO 3166-2: `California`, `ca` or `us-ca`. */
function deniesRegion({ region }: Claims, fact: GeoFacts): boolean {
  if (!namesDiffer(region, fact.region ?? fact.regionCode)) return false;
  const claimed = foldName(region ?? "");
  const { country = "", regionCode } = fact;
  if (regionCode === undefined) return !isCode(claimed, country);
  if (claimed === regionCode || claimed === country + regionCode) return false;
  // A name cannot be held against a code alone.
  return fact.region !== undefined || isCode(claimed, country);
}

/** Whether a folded region has the form of a code, which data without codes can say nothing about. */
function isCode(folded: string, country: string): boolean {
  return folded.length <= 3 || (folded.length <= 5 && country !== "" && folded.startsWith(country));
}

function where(claims: Claims, fact: GeoFacts | undefined): Where {
  // A claimed city in a country where the node is not says nothing.
  const isElsewhere = differ(claims.country, fact?.country);
  const isOtherRegion = isElsewhere || (fact !== undefined && deniesRegion(claims, fact));
  const country = fact?.country ?? claims.country;
  const region = fact?.region ?? fact?.regionCode ?? (isElsewhere ? undefined : claims.region);
  const city = fact?.city ?? (isOtherRegion ? undefined : claims.city);
  return given({ country, region, regionCode: fact?.regionCode, city });
}

function whose(claims: Claims, fact: GeoFacts | undefined): Whose {
  const asn = fact?.asn ?? claims.asn;
  const isp = fact?.isp ?? (differ(claims.asn, fact?.asn) ? undefined : claims.isp);
  return given({ asn, provenAsn: fact?.asn, isp });
}

function network(claims: Claims, facts: readonly GeoFacts[]): NetworkKind {
  return facts.some((fact) => fact.hosting === "hosting") ? "hosting" : (claims.network ?? "unknown");
}
