import type { Crowd } from "../peers/spread.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** The most of one crowd. */
export interface Caps {
  readonly perAsn: number;
  readonly perNetwork: number;
}

/**
 * The caps for a kind of node. Who asks for an AS, a provider or a city asks for a crowd: all of them may stand in one AS, and
 * more than elsewhere in one network. Who names nodes means these.
 */
export function capsOf({ peers, asns, isps, cities }: PeerQuery): Caps {
  const { usablePerAsn, usablePerNetwork, usablePerNetworkOfPlace } = DISCOVERY_LIMITS;
  if (peers !== undefined) return { perAsn: Number.POSITIVE_INFINITY, perNetwork: Number.POSITIVE_INFINITY };
  return asns === undefined && isps === undefined && cities === undefined
    ? { perAsn: usablePerAsn.value, perNetwork: usablePerNetwork.value }
    : { perAsn: Number.POSITIVE_INFINITY, perNetwork: usablePerNetworkOfPlace.value };
}

/** Keeps one crowd from filling a set: so many of one AS, and so many of one network. */
export class CrowdCaps {
  readonly #counts = new Map<string, number>();
  readonly #caps: Caps;

  /** `members` are those of the set so far. */
  constructor(members: readonly Crowd[], caps: Caps = capsOf({})) {
    this.#caps = caps;
    for (const member of members) this.#count(member);
  }

  /** Whether another one of that crowd may join the set; counts it if so. */
  admit(crowd: Crowd): boolean {
    const { perAsn, perNetwork } = this.#caps;
    const { asn, network } = crowd;
    if (asn !== undefined && (this.#counts.get(`asn ${asn}`) ?? 0) >= perAsn) return false;
    if ((this.#counts.get(`network ${network}`) ?? 0) >= perNetwork) return false;
    this.#count(crowd);
    return true;
  }

  #count({ asn, network }: Crowd): void {
    for (const key of [`asn ${asn}`, `network ${network}`]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
