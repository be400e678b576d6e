import { DIRECTORY_LIMITS } from "./limits.ts";
import type { Crowd } from "./spread.ts";

/** Keeps one crowd from filling a set: so many of one AS, and so many of one network. */
export class CrowdCaps {
  readonly #counts = new Map<string, number>();

  /** `members` are those of the set so far. */
  constructor(members: readonly Crowd[]) {
    for (const member of members) this.#count(member);
  }

  /** Whether another one of that crowd may join the set; counts it if so. */
  admit(crowd: Crowd): boolean {
    const { usablePerAsn, usablePerNetwork } = DIRECTORY_LIMITS;
    const { asn, network } = crowd;
    if (asn !== undefined && (this.#counts.get(`asn ${asn}`) ?? 0) >= usablePerAsn.value) return false;
    if ((this.#counts.get(`network ${network}`) ?? 0) >= usablePerNetwork.value) return false;
    this.#count(crowd);
    return true;
  }

  #count({ asn, network }: Crowd): void {
    for (const key of [`asn ${asn}`, `network ${network}`]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}
