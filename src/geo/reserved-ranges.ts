import { parseIp, sharesPrefix } from "../core/ip-address.ts";

/** What a reserved range is for, as far as a caller must tell the kinds apart. */
export type RangeKind =
  | "unspecified"
  | "loopback"
  | "private"
  | "link-local"
  | "multicast"
  | "embedded-ipv4"
  | "reserved";

/** A block of addresses that is not public unicast. */
export interface ReservedRange {
  /** CIDR text, or "" where the refusal is of a form and not of a block. */
  readonly prefix: string;
  /** What the block is, as a phrase for messages. */
  readonly name: string;
  /** The document that reserves it. */
  readonly rfc: string;
  readonly kind: RangeKind;
}

const range = (prefix: string, kind: RangeKind, rfc: string, name: string): ReservedRange => ({
  prefix,
  name,
  rfc,
  kind,
});

/** Every range that is refused, the more specific before the less (IANA special-purpose registries, RFC 6890). */
export const RESERVED_RANGES: readonly ReservedRange[] = [
  range("0.0.0.0/8", "unspecified", "RFC 1122", "this host on this network"),
  range("10.0.0.0/8", "private", "RFC 1918", "private network"),
  range("100.64.0.0/10", "private", "RFC 6598", "carrier's shared address space"),
  range("127.0.0.0/8", "loopback", "RFC 1122", "loopback"),
  range("169.254.0.0/16", "link-local", "RFC 3927", "link-local"),
  range("172.16.0.0/12", "private", "RFC 1918", "private network"),
  range("192.0.0.0/24", "reserved", "RFC 6890", "IETF protocol assignments"),
  range("192.0.2.0/24", "reserved", "RFC 5737", "documentation"),
  range("192.88.99.0/24", "reserved", "RFC 7526", "6to4 relay anycast"),
  range("192.168.0.0/16", "private", "RFC 1918", "private network"),
  range("198.18.0.0/15", "reserved", "RFC 2544", "benchmarking"),
  range("198.51.100.0/24", "reserved", "RFC 5737", "documentation"),
  range("203.0.113.0/24", "reserved", "RFC 5737", "documentation"),
  range("224.0.0.0/4", "multicast", "RFC 5771", "multicast"),
  range("255.255.255.255/32", "reserved", "RFC 919", "limited broadcast"),
  range("240.0.0.0/4", "reserved", "RFC 1112", "reserved for future use"),

  range("::/128", "unspecified", "RFC 4291", "unspecified address"),
  range("::1/128", "loopback", "RFC 4291", "loopback"),
  range("::/96", "embedded-ipv4", "RFC 4291", "IPv4-compatible IPv6"),
  range("::ffff:0:0/96", "embedded-ipv4", "RFC 4291", "IPv4-mapped IPv6"),
  range("::ffff:0:0:0/96", "embedded-ipv4", "RFC 2765", "IPv4-translated IPv6"),
  range("64:ff9b::/96", "embedded-ipv4", "RFC 6052", "IPv4/IPv6 translation"),
  range("64:ff9b:1::/48", "embedded-ipv4", "RFC 8215", "local-use IPv4/IPv6 translation"),
  range("100::/64", "reserved", "RFC 6666", "discard-only"),
  range("100:0:0:1::/64", "reserved", "RFC 9780", "dummy prefix"),
  range("2001::/32", "embedded-ipv4", "RFC 4380", "Teredo"),
  range("2001::/23", "reserved", "RFC 2928", "IETF protocol assignments"),
  range("2001:db8::/32", "reserved", "RFC 3849", "documentation"),
  range("2002::/16", "embedded-ipv4", "RFC 3056", "6to4"),
  range("3fff::/20", "reserved", "RFC 9637", "documentation"),
  range("5f00::/16", "reserved", "RFC 9602", "segment routing identifiers"),
  range("fc00::/7", "private", "RFC 4193", "unique local"),
  range("fe80::/10", "link-local", "RFC 4291", "link-local"),
  range("fec0::/10", "private", "RFC 3879", "site-local (deprecated)"),
  range("ff00::/8", "multicast", "RFC 4291", "multicast"),
];

const NOT_AN_ADDRESS = range("", "reserved", "RFC 4291", "not an IP address");
const SCOPED = range("", "link-local", "RFC 4007", "address with a zone id");
const UNALLOCATED = range("::/0", "reserved", "RFC 4291", "outside of global unicast 2000::/3");

interface Row {
  readonly network: Uint8Array;
  readonly bits: number;
  readonly range: ReservedRange;
}

const ROWS: readonly Row[] = RESERVED_RANGES.map((entry) => {
  const [text = "", bits] = entry.prefix.split("/");
  return { network: parseIp(text)?.bytes ?? new Uint8Array(), bits: Number(bits), range: entry };
});
const ROWS_V4 = ROWS.filter((row) => row.network.length === 4);
const ROWS_V6 = ROWS.filter((row) => row.network.length === 16);

/**
 * The reserved range that `ip` lies in; undefined means public unicast, and nothing else does.
 *
 * IPv4 carried inside IPv6 is refused whatever it carries, and so is what is not an IP address in canonical or
 * compressible form: the answer errs on the side of refusing. All spellings of IPv6 are understood.
 */
export function classifyAddress(ip: string): ReservedRange | undefined {
  const parsed = parseIp(ip);
  if (parsed === undefined) return NOT_AN_ADDRESS;
  const { bytes } = parsed;
  const rows = bytes.length === 4 ? ROWS_V4 : ROWS_V6;
  const found = rows.find((row) => sharesPrefix(bytes, row.network, row.bits));
  if (found !== undefined) return found.range;
  if (parsed.zone !== undefined) return SCOPED;
  return bytes.length === 16 && ((bytes[0] ?? 0) & 0xe0) !== 0x20 ? UNALLOCATED : undefined;
}
