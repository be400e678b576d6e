import { isIPv4, isIPv6 } from "node:net";

/**
 * The network that an address stands in for the sake of diversity: `127.10` for IPv4 (/16), `2001:db8` for
 * IPv6 (/32); undefined for what is not an address. Tor's path selection uses the same widths.
 */
export function networkPrefix(ip: string): string | undefined {
  if (isIPv4(ip)) return ip.split(".").slice(0, 2).join(".");
  if (!isIPv6(ip)) return undefined;
  const [head = ""] = ip.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const group = (index: number): string => (groups[index] ?? "0").replace(/^0+(?=.)/, "");
  return `${group(0)}:${group(1)}`;
}
