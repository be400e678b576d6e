import { isIPv4, isIPv6 } from "node:net";

/**
 * The network that an address stands in for the sake of diversity: `127.10` for IPv4 (/16), `2001:db8` for
 * IPv6 (/32); undefined for what is not an address. Tor's path selection uses the same widths.
 */
export function networkPrefix(ip: string): string | undefined {
  if (isIPv4(ip)) return ip.split(".").slice(0, 2).join(".");
  return isIPv6(ip) ? ipv6Groups(ip, 2) : undefined;
}

/** The network that is likely one customer's: `127.10.0` for IPv4 (/24), `2001:db8:1` for IPv6 (/48, RFC 6177). */
export function subnetPrefix(ip: string): string | undefined {
  if (isIPv4(ip)) return ip.split(".").slice(0, 3).join(".");
  return isIPv6(ip) ? ipv6Groups(ip, 3) : undefined;
}

/** The first groups of an address without leading zeros. */
function ipv6Groups(ip: string, count: number): string {
  const [head = ""] = ip.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  return Array.from({ length: count }, (_, index) => (groups[index] ?? "0").replace(/^0+(?=.)/, "")).join(":");
}
