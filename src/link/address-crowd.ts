import { parseIp } from "../geo/ip-address.ts";
import { LINK_LIMITS } from "./limits.ts";

/** Each stream asks several times for that of its link's address; working it out takes 2 µs. */
const NETWORKS = new Map<string, string>();

const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/**
 * A key that is the same for all addresses that one customer of a network commonly holds: an IPv4 address, or the /64
 * of an IPv6 one (RFC 6177). "" for what is no IP address.
 */
export function addressCrowd(address: string): string {
  return prefixKey(address, 4, 8);
}

/**
 * A key that is the same for all addresses of one small network: a /24 of IPv4, or the /48 of one site in IPv6
 * (RFC 6177). "" for what is no IP address.
 */
export function addressNetwork(address: string): string {
  const known = NETWORKS.get(address);
  if (known !== undefined) return known;
  const network = prefixKey(address, 3, 6);
  if (NETWORKS.size >= LINK_LIMITS.rememberedNetworks.value) NETWORKS.clear();
  NETWORKS.set(address, network);
  return network;
}

/**
 * A key that is the same for all addresses of one large network: a /16 of IPv4, or the /32 that one provider commonly gets
 * in IPv6. Whoever has such a one has 65,536 networks of `addressNetwork`. "" for what is no IP address.
 */
export function addressArea(address: string): string {
  return prefixKey(address, 2, 4);
}

/** The first bytes of an address; an IPv4 address inside IPv6 counts as such. */
function prefixKey(address: string, ipv4Bytes: number, ipv6Bytes: number): string {
  const bytes = parseIp(address)?.bytes;
  if (bytes === undefined) return "";
  if (bytes.length === 4) return Buffer.from(bytes.subarray(0, ipv4Bytes)).toString("hex");
  const mapped = MAPPED_PREFIX.equals(bytes.subarray(0, MAPPED_PREFIX.length));
  const start = mapped ? MAPPED_PREFIX.length : 0;
  return Buffer.from(bytes.subarray(start, start + (mapped ? ipv4Bytes : ipv6Bytes))).toString("hex");
}
