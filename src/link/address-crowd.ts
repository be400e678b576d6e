import { parseIp } from "../geo/ip-address.ts";

const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/**
 * A key that is the same for all addresses that one customer of a network commonly holds: an IPv4 address, or the /64
 * of an IPv6 one (RFC 6177). "" for what is no IP address.
 */
export function addressCrowd(address: string): string {
  const bytes = parseIp(address)?.bytes;
  if (bytes === undefined) return "";
  const mapped = bytes.length === 16 && MAPPED_PREFIX.equals(bytes.subarray(0, MAPPED_PREFIX.length));
  if (mapped) return Buffer.from(bytes.subarray(MAPPED_PREFIX.length)).toString("hex");
  return Buffer.from(bytes.subarray(0, 8)).toString("hex");
}
