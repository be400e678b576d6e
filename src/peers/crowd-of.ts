import { networkPrefix } from "../geo/network-prefix.ts";
import { countedAddress } from "../wire/advertisement.ts";
import type { KnownPeer } from "./known-peer.ts";
import type { Crowd } from "./spread.ts";

/** The crowds that a node belongs to by its address. The AS that it only claims does not count. */
export function crowdOf({ advertisement, place }: KnownPeer): Crowd {
  const address = countedAddress(advertisement);
  return address === undefined ? {} : { network: networkPrefix(address), asn: place?.provenAsn };
}
