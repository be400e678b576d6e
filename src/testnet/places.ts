/** Where a node of the local network stands in for: claims of its advertisement and an address of its own. */
export interface Place {
  readonly country: string;
  readonly region: string;
  readonly city: string;
  readonly asn: number;
  readonly isp: string;
  readonly network: "residential" | "mobile" | "hosting";
}

// AS numbers 64496-64511 are reserved for documentation (RFC 5398).
const PLACES: readonly Place[] = [
  { country: "de", region: "Berlin", city: "Berlin", asn: 64496, isp: "Example Net DE", network: "residential" },
  { country: "us", region: "New York", city: "New York", asn: 64497, isp: "Example Net US", network: "residential" },
  { country: "jp", region: "Tokyo", city: "Tokyo", asn: 64498, isp: "Example Net JP", network: "mobile" },
  { country: "br", region: "Pernambuco", city: "Recife", asn: 64499, isp: "Example Net BR", network: "residential" },
  { country: "gb", region: "England", city: "Leeds", asn: 64500, isp: "Example Net GB", network: "hosting" },
  { country: "in", region: "Maharashtra", city: "Pune", asn: 64501, isp: "Example Net IN", network: "mobile" },
  { country: "de", region: "Bavaria", city: "Munich", asn: 64502, isp: "Example Net DE South", network: "hosting" },
  {
    country: "us",
    region: "California",
    city: "Los Angeles",
    asn: 64503,
    isp: "Example Net US West",
    network: "mobile",
  },
  { country: "jp", region: "Osaka", city: "Osaka", asn: 64504, isp: "Example Net JP West", network: "residential" },
  {
    country: "br",
    region: "Sao Paulo",
    city: "Sao Paulo",
    asn: 64505,
    isp: "Example Net BR South",
    network: "hosting",
  },
  {
    country: "gb",
    region: "Scotland",
    city: "Glasgow",
    asn: 64506,
    isp: "Example Net GB North",
    network: "residential",
  },
  {
    country: "in",
    region: "Tamil Nadu",
    city: "Chennai",
    asn: 64507,
    isp: "Example Net IN South",
    network: "residential",
  },
];

/** The place of node `index` (from 0); six countries, each with two cities; they repeat after twelve. */
export function placeOf(index: number): Place {
  const place = PLACES[index % PLACES.length];
  if (place === undefined) throw new RangeError(`no place ${index}`);
  return place;
}

/** The loopback address of node `index` (from 0): 127.10.0.1, 127.20.0.1 … so that each is a network of its own. */
export function addressOf(index: number): string {
  return index < 9 ? `127.${(index + 1) * 10}.0.1` : `127.${100 + index}.0.1`;
}

/** The most nodes that one local network has addresses for. */
export const MOST_NODES = 100;
