import { parseIp } from "../core/ip-address.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";

/** A network of which the node's home is a part. */
export interface OwnPrefix {
  readonly network: Uint8Array;
  readonly bits: number;
}

// Shorter on-link prefixes are point-to-point or misconfigured interfaces and would close the internet.
const SHORTEST_PREFIX_BITS_V4 = 16;
const SHORTEST_PREFIX_BITS_V6 = 48;

/** What providers give to a home (RFC 6177): the interface's /64 is one network of it, the guests' and cameras' are others. */
const HOME_BITS_V6 = 56;

/** The network of an interface, given as CIDR text; none where it is too large to be one, or no network at all. */
export function linkPrefix(cidr: string): readonly OwnPrefix[] {
  const [text = "", length] = cidr.split("/");
  const network = parseIp(text)?.bytes;
  const bits = Number(length);
  if (network === undefined || !Number.isInteger(bits)) return [];
  const shortest = network.length === 4 ? SHORTEST_PREFIX_BITS_V4 : SHORTEST_PREFIX_BITS_V6;
  return bits >= shortest ? [{ network, bits }] : [];
}

/**
 * The home that a public IPv6 address of the node's is in: its /56. None for IPv4 and for what is not public.
 *
 * In a data centre the /56 may hold strangers' machines as well. They are refused; nothing else is lost.
 */
export function homePrefix(address: string): readonly OwnPrefix[] {
  const network = parseIp(address)?.bytes;
  if (network?.length !== 16 || classifyAddress(address) !== undefined) return [];
  return [{ network, bits: HOME_BITS_V6 }];
}
