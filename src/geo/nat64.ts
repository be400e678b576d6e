import { parseIp, sharesPrefix } from "../core/ip-address.ts";
import { classifyAddress, type RangeKind } from "./reserved-ranges.ts";

/** A prefix behind which a translator (NAT64) makes IPv4 of IPv6: the IPv4 address stands inside of the IPv6 address. */
export interface Nat64Prefix {
  /** 16 bytes; those after the prefix do not count. */
  readonly network: Uint8Array;
  /** 32, 40, 48, 56, 64 or 96. */
  readonly bits: number;
}

/** The prefix that every network may use for public IPv4 (RFC 6052 §2.1), as the reserved range names it. */
export const WELL_KNOWN_NAT64 = "64:ff9b::/96";

/** The name that a resolver which makes such addresses (DNS64) answers with one of them (RFC 7050 §2.2). */
export const NAT64_QUESTION = "ipv4only.arpa";

const ANSWERS: ReadonlySet<string> = new Set(["192.0.0.170", "192.0.0.171"]);
const LENGTHS: readonly number[] = [32, 40, 48, 56, 64, 96];
/** Bits 64 to 71, which no IPv4 address is written over (RFC 6052 §2.2). */
const PASSED_OVER = 8;
const HOME: ReadonlySet<RangeKind> = new Set(["private", "loopback", "link-local"]);

/**
 * The IPv4 address inside 16 bytes of IPv6, of a prefix of `bits` bits (RFC 6052 §2.2):
 *
 *     bytes   0    4 5 6 7   8   9 10 11 12 13 14 15
 *     /32     prefix I I I I  0
 *     /40     prefix   I I I  0   I
 *     /48     prefix     I I  0   I  I
 *     /56     prefix       I  0   I  I  I
 *     /64     prefix          0   I  I  I  I
 *     /96     prefix                       I  I  I  I
 *
 * What stands elsewhere is not looked at: translators do not look at it either.
 */
export function ipv4Inside(bytes: Uint8Array, bits: number): string {
  const found: number[] = [];
  for (let at = bits / 8; found.length < 4; at += 1) {
    if (at !== PASSED_OVER || bits === 96) found.push(bytes[at] ?? 0);
  }
  return found.join(".");
}

/** The prefixes that a resolver uses which gave `address` for `ipv4only.arpa` (RFC 7050 §3); none for any other address. */
export function nat64PrefixesOf(address: string): readonly Nat64Prefix[] {
  const bytes = parseIp(address)?.bytes;
  if (bytes?.length !== 16) return [];
  return LENGTHS.filter((bits) => ANSWERS.has(ipv4Inside(bytes, bits))).map((bits) => ({ network: bytes, bits }));
}

/** The IPv4 address that the IPv6 address `bytes` stands for behind `prefix`; undefined where it lies elsewhere. */
export function translated(bytes: Uint8Array, { network, bits }: Nat64Prefix): string | undefined {
  return sharesPrefix(bytes, network, bits) ? ipv4Inside(bytes, bits) : undefined;
}

/**
 * The IPv4 addresses of a home that the IPv6 address `bytes` could stand for behind a prefix that is not known: private,
 * loopback or link-local, at one of the six places, with zeros after it.
 */
export function homesInside(bytes: Uint8Array): readonly string[] {
  return perhapsInside(bytes).filter((ip) => HOME.has(classifyAddress(ip)?.kind ?? "reserved"));
}

/** All IPv4 addresses that the IPv6 address `bytes` could stand for behind a prefix that is not known. */
export function perhapsInside(bytes: Uint8Array): readonly string[] {
  return LENGTHS.filter((bits) => bits === 96 || bytes.subarray(endOf(bits)).every((byte) => byte === 0)).map((bits) =>
    ipv4Inside(bytes, bits),
  );
}

/** Whether `ip` is in the prefix that every network may use. */
export function isWellKnownNat64(ip: string): boolean {
  return classifyAddress(ip)?.prefix === WELL_KNOWN_NAT64;
}

/** The byte after the IPv4 address. */
function endOf(bits: number): number {
  return bits / 8 + (bits > 32 ? 5 : 4);
}
