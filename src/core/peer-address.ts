import { isIPv4, isIPv6 } from "node:net";
import type { HostPort } from "./network-address.ts";

/** Where a peer is and who it must be: what a multiaddr `/ip4/192.0.2.1/tcp/4433/p2p/12D3Koo…` says. */
export interface PeerAddress extends HostPort {
  /** The peer id as it was written, `k51…` or `12D3Koo…`; whether it is one is for `identity/` to say. */
  readonly peer: string;
}

const FORM = /^\/(ip4|ip6|dns|dns4|dns6)\/([0-9A-Za-z.:_-]{1,253})\/tcp\/([1-9]\d{0,4})\/p2p\/([0-9A-Za-z]{46,128})$/;

/** Reads a multiaddr of TCP that ends in a peer id (multiformats/multiaddr); undefined for any other. */
export function parsePeerAddress(text: string): PeerAddress | undefined {
  const [, kind = "", host = "", port = "", peer = ""] = FORM.exec(text) ?? [];
  const fits = kind === "ip4" ? isIPv4(host) : kind === "ip6" ? isIPv6(host) : kind !== "" && !/:|^[\d.]+$/.test(host);
  if (!fits || Number(port) > 65_535) return undefined;
  return { host, port: Number(port), peer };
}

/** Writes `address` as a multiaddr; a host that is no IP address as a name of either family. */
export function formatPeerAddress(address: PeerAddress): string {
  return `${formatTcpAddress(address)}/p2p/${address.peer}`;
}

/** Writes `address` as a multiaddr of TCP without a peer id. */
export function formatTcpAddress({ host, port }: HostPort): string {
  const kind = isIPv4(host) ? "ip4" : isIPv6(host) ? "ip6" : "dns";
  return `/${kind}/${host}/tcp/${port}`;
}
