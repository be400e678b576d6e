import type { LookupFunction } from "node:net";
import type { Multiaddr } from "@multiformats/multiaddr";
import { OVERLAY_LIMITS } from "./limits.ts";
import { tcpMultiaddr } from "./multiaddr-text.ts";

const FAMILIES: Readonly<Record<string, 0 | 4 | 6>> = { dns: 0, dns4: 4, dns6: 6 };

/**
 * The addresses to dial, one after the other, for one that names a host: each is a candidate of its own, as behind one of them
 * may be somebody else. `dns4` and `dns6` have addresses of that family only. An address without a name is its own.
 *
 * Rejects with what `lookup` gives.
 */
export async function namedAddresses(address: Multiaddr, lookup: LookupFunction): Promise<readonly Multiaddr[]> {
  const [where, tcp, ...rest] = address.getComponents();
  const family = FAMILIES[where?.name ?? ""];
  if (family === undefined || where?.value === undefined || tcp?.value === undefined) return [address];
  const { value: name } = where;
  const found = await new Promise<readonly string[]>((resolve, reject) => {
    lookup(name, { all: true, family }, (error, all) => {
      if (error !== null) reject(error);
      else resolve(typeof all === "string" ? [all] : all.map((one) => one.address));
    });
  });
  const peer = rest.find((component) => component.name === "p2p")?.value;
  const candidates = [...new Set(found)].slice(0, OVERLAY_LIMITS.namedAddresses.value);
  return candidates.map((ip) => {
    const plain = tcpMultiaddr(ip, Number(tcp.value));
    return peer === undefined ? plain : plain.encapsulate(`/p2p/${peer}`);
  });
}
