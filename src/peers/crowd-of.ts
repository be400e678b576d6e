import { networkPrefix } from "../geo/network-prefix.ts";
import type { KnownPeer } from "./known-peer.ts";
import type { Crowd } from "./spread.ts";

/** The crowds that a node belongs to by its address. The AS that it only claims does not count. */
export function crowdOf({ advertisement, place }: KnownPeer): Crowd {
  const [endpoint] = advertisement.endpoints;
  if (endpoint === undefined) return {};
  return { network: networkPrefix(endpoint.host), asn: place?.provenAsn };
}
