import { findProgram } from "../load-program.ts";
import { bywayPeer } from "./byway.ts";
import { direct } from "./direct.ts";
import { microsocks } from "./microsocks.ts";
import type { Peer } from "./peer.ts";
import { proxyChain } from "./proxy-chain.ts";
import { shadowsocks } from "./shadowsocks.ts";
import { ssh } from "./ssh.ts";
import { stunnel } from "./stunnel.ts";
import { tlsSplice } from "./tls-splice.ts";
import { torPeer } from "./tor.ts";
import { wireguardPeer } from "./wireguard.ts";

/** Every peer in the order of the table. Those that take long to start come last. */
export const PEERS: readonly Peer[] = [
  direct,
  bywayPeer,
  shadowsocks,
  stunnel,
  ssh,
  wireguardPeer("wireguard-go", 1420, "packets of the internet's size"),
  wireguardPeer(
    "wireguard-go, big MTU",
    65_420,
    "packets as large as loopback lets TCP segments be, which no real path does",
  ),
  tlsSplice,
  microsocks,
  proxyChain,
  torPeer("KIST", "KIST"),
  torPeer("Vanilla", "Vanilla"),
];

/** The Debian packages of a peer that are not installed. */
export function missingPackages(peer: Peer): readonly string[] {
  const packages = Object.entries(peer.programs).filter(([program]) => findProgram(program) === undefined);
  return [...new Set(packages.map(([, name]) => name))];
}
