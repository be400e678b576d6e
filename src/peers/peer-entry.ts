import { given } from "../core/given.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import { type Advertisement, countedAddress } from "../wire/advertisement.ts";
import type { PeerPlace } from "./known-peer.ts";
import type { PeerEntry, ReportedBy } from "./stored-peer.ts";

/** The network of all peers that have no endpoint of their own, so that they are bounded together. */
const NO_PREFIX = "none";

/** What an advertisement claims of its place, believed as it is. */
export function claimedPlace({ country, region, city, asn, isp, network = "unknown" }: Advertisement): PeerPlace {
  return { ...given({ country, region, city, asn, isp }), network, contradicted: [] };
}

/** What the store writes of a verified advertisement. */
export function peerEntry(
  advertisement: Advertisement,
  envelope: Uint8Array,
  place: PeerPlace,
  reportedBy: ReportedBy,
  seenMs: number,
): PeerEntry {
  const { peer, seq, issuedAtSec, expiresAtSec, roles, protocols, software, upMbps, downMbps } = advertisement;
  const prefix = networkPrefix(countedAddress(advertisement) ?? "") ?? NO_PREFIX;
  return {
    peer,
    seq,
    issuedAtSec,
    expiresAtSec,
    place,
    roles,
    protocols,
    prefix,
    software,
    ...given({ upMbps, downMbps }),
    seenMs,
    reportedBy,
    envelope,
  };
}
