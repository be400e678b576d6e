import { isIPv6 } from "node:net";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { unmapped } from "../core/mapped-ipv4.ts";

/** What one address component of a multiaddr says: the kind of name and the name. */
export interface DialPoint {
  readonly kind: "ip" | "dns" | "memory";
  readonly host: string;
}

/** The multiaddr of an IP address and a TCP port. IPv4 carried in IPv6, as sockets show it, becomes IPv4. */
export function tcpMultiaddr(host: string, port: number): Multiaddr {
  const plain = unmapped(host);
  return multiaddr(`/${isIPv6(plain) ? "ip6" : "ip4"}/${plain}/tcp/${port}`);
}

/** Where an address leads, if it is one of the only forms that are dialled: IP or name, TCP, perhaps a peer id. */
export function dialPoint(address: Multiaddr): DialPoint | undefined {
  const [where, tcp, ...rest] = address.getComponents();
  if (where?.value === undefined) return undefined;
  if (where.name === "memory") return { kind: "memory", host: where.value };
  if (tcp?.name !== "tcp" || Number(tcp.value) < 1) return undefined;
  if (rest.length > 1 || rest.some(({ name }) => name !== "p2p")) return undefined;
  if (where.name === "ip4" || where.name === "ip6") return { kind: "ip", host: where.value };
  if (where.name === "dns" || where.name === "dns4" || where.name === "dns6") return { kind: "dns", host: where.value };
  return undefined;
}

/** The IP address in an address, or undefined where it has none. */
export function ipOf(address: Multiaddr): string | undefined {
  const point = dialPoint(address);
  return point?.kind === "ip" ? point.host : undefined;
}
