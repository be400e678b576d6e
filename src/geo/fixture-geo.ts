import { parseIp } from "../core/ip-address.ts";
import type { GeoFacts, GeoSource, Hosting } from "./geo-facts.ts";

/** One place of the local network, as made-up address data has it. */
interface FixturePlace {
  readonly country: string;
  readonly region: string;
  readonly city: string;
  readonly asn: number;
  readonly isp: string;
  readonly hosting: Hosting;
}

// AS numbers 64496-64511 are reserved for documentation (RFC 5398).
const PLACES: readonly FixturePlace[] = [
  { country: "de", region: "Berlin", city: "Berlin", asn: 64496, isp: "Example Net DE", hosting: "not-hosting" },
  { country: "us", region: "New York", city: "New York", asn: 64497, isp: "Example Net US", hosting: "not-hosting" },
  { country: "jp", region: "Tokyo", city: "Tokyo", asn: 64498, isp: "Example Net JP", hosting: "not-hosting" },
  { country: "br", region: "Pernambuco", city: "Recife", asn: 64499, isp: "Example Net BR", hosting: "not-hosting" },
  { country: "gb", region: "England", city: "Leeds", asn: 64500, isp: "Example Net GB", hosting: "hosting" },
  { country: "in", region: "Maharashtra", city: "Pune", asn: 64501, isp: "Example Net IN", hosting: "not-hosting" },
  { country: "de", region: "Bavaria", city: "Munich", asn: 64502, isp: "Example Net DE South", hosting: "hosting" },
  {
    country: "us",
    region: "California",
    city: "Los Angeles",
    asn: 64503,
    isp: "Example Net US West",
    hosting: "not-hosting",
  },
  { country: "jp", region: "Osaka", city: "Osaka", asn: 64504, isp: "Example Net JP West", hosting: "not-hosting" },
  {
    country: "br",
    region: "Sao Paulo",
    city: "Sao Paulo",
    asn: 64505,
    isp: "Example Net BR South",
    hosting: "hosting",
  },
  {
    country: "gb",
    region: "Scotland",
    city: "Glasgow",
    asn: 64506,
    isp: "Example Net GB North",
    hosting: "not-hosting",
  },
  {
    country: "in",
    region: "Tamil Nadu",
    city: "Chennai",
    asn: 64507,
    isp: "Example Net IN South",
    hosting: "not-hosting",
  },
];

/** The networks 127.x.0.0/16 of the local network, in the order of its nodes: 10, 20 … 90, then from 109 on. */
const SECOND_OCTETS: readonly number[] = [
  ...Array.from({ length: 9 }, (_, index) => (index + 1) * 10),
  ...Array.from({ length: 91 }, (_, index) => 109 + index),
];

const NETWORKS: ReadonlyMap<number, FixturePlace> = new Map(
  SECOND_OCTETS.flatMap((octet, index) => {
    const place = PLACES[index % PLACES.length];
    return place === undefined ? [] : [[octet, place] as const];
  }),
);

/**
 * Made-up address data for the demo and for tests: the places of the local network at 127.10.0.0/16, 127.20.0.0/16 and so on.
 * Addresses elsewhere are unknown to it.
 */
export function fixtureGeo(): GeoSource {
  return {
    lookup(ip: string): GeoFacts {
      const bytes = parseIp(ip)?.bytes;
      const place = bytes?.length === 4 && bytes[0] === 127 ? NETWORKS.get(bytes[1] ?? 0) : undefined;
      return place ?? { hosting: "unknown" };
    },
  };
}

/** The same as a CSV file, for the setting `geo-data` of processes of their own. */
export function fixtureCsv(): string {
  const lines = [...NETWORKS]
    .sort(([a], [b]) => a - b)
    .map(([octet, { country, region, city, asn, isp, hosting }]) =>
      [`127.${octet}.0.0`, `127.${octet}.255.255`, country, region, city, asn, isp, hosting].join(","),
    );
  return `${["start,end,country,region,city,asn,isp,hosting", ...lines].join("\n")}\n`;
}
