import { parseIp } from "../core/ip-address.ts";
import { unmappedBytes } from "../core/mapped-ipv4.ts";
import { LINK_LIMITS } from "./limits.ts";

/**
 * A key that is the same for all addresses that one customer of a network commonly holds: an IPv4 address, or the /64
 * of an IPv6 one (RFC 6177). "" for what is no IP address.
 */
export function addressCrowd(address: string): string {
  return CROWDS.of(address);
}

/**
 * A key that is the same for all addresses of one small network: a /24 of IPv4, or the /48 of one site in IPv6
 * (RFC 6177). "" for what is no IP address.
 */
export function addressNetwork(address: string): string {
  return NETWORKS.of(address);
}

/**
 * A key that is the same for all addresses of one large network: a /16 of IPv4, or the /32 that one provider commonly gets
 * in IPv6. Whoever has such a one has 65,536 networks of `addressNetwork`. "" for what is no IP address.
 */
export function addressArea(address: string): string {
  return AREAS.of(address);
}

/** The first bytes of an address; an IPv4 address inside IPv6 counts as such. */
function prefixKey(address: string, ipv4Bytes: number, ipv6Bytes: number): string {
  const parsed = parseIp(address);
  if (parsed === undefined) return "";
  const bytes = unmappedBytes(parsed.bytes);
  return Buffer.from(bytes.subarray(0, bytes.length === 4 ? ipv4Bytes : ipv6Bytes)).toString("hex");
}

/** Prefixes of addresses as keys. Each stream asks several times for those of its link; working one out takes 2 µs. */
export class PrefixKeys {
  readonly #known = new Map<string, string>();
  readonly #ipv4Bytes: number;
  readonly #ipv6Bytes: number;

  constructor(ipv4Bytes: number, ipv6Bytes: number) {
    this.#ipv4Bytes = ipv4Bytes;
    this.#ipv6Bytes = ipv6Bytes;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /** The key of `address`; "" for what is no IP address. */
  of(address: string): string {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const key = prefixKey(address, this.#ipv4Bytes, this.#ipv6Bytes);
    if (this.#known.size >= LINK_LIMITS.rememberedNetworks.value) this.#known.clear();
    this.#known.set(address, key);
    return key;
  }
}

const CROWDS = new PrefixKeys(4, 8);
const NETWORKS = new PrefixKeys(3, 6);
const AREAS = new PrefixKeys(2, 4);
