/**
 * What address data can prove about the network behind an address. A data set never proves "residential": an AS that is
 * not known to rent out servers is `not-hosting`, and an address that the data says nothing of is `unknown`.
 */
export type Hosting = "hosting" | "not-hosting" | "unknown";

/** What address data says of one IP address; what it is silent about is absent. */
export interface GeoFacts {
  /** ISO 3166-1 alpha-2, lower case. */
  readonly country?: string;
  readonly region?: string;
  /** The part of ISO 3166-2 behind the country, lower case: `ca` for California. */
  readonly regionCode?: string;
  readonly city?: string;
  readonly asn?: number;
  /** The name of the AS. */
  readonly isp?: string;
  readonly hosting: Hosting;
}

/** Address data. */
export interface GeoSource {
  /** What is known of `ip`; `{ hosting: "unknown" }` for an address that it does not have or cannot read. */
  lookup(ip: string): GeoFacts;
}
