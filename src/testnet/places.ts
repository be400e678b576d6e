/** Where a node of the local network stands in for: claims of its advertisement and an address of its own. */
export interface Place {
  readonly country: string;
  readonly city: string;
  readonly asn: number;
  readonly isp: string;
  readonly network: "residential" | "mobile" | "hosting";
}

// AS numbers 64496-64511 are reserved for documentation (RFC 5398).
const PLACES: readonly Place[] = [
  { country: "de", city: "Berlin", asn: 64496, isp: "Example Net DE", network: "residential" },
  { country: "us", city: "New York", asn: 64497, isp: "Example Net US", network: "residential" },
  { country: "jp", city: "Tokyo", asn: 64498, isp: "Example Net JP", network: "mobile" },
  { country: "br", city: "Recife", asn: 64499, isp: "Example Net BR", network: "residential" },
  { country: "gb", city: "Leeds", asn: 64500, isp: "Example Net GB", network: "hosting" },
  { country: "in", city: "Pune", asn: 64501, isp: "Example Net IN", network: "mobile" },
];

/** The place of node `index` (from 0); they repeat after six. */
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
