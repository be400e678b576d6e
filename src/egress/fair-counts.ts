import { addressNetwork } from "../link/address-crowd.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** Who asks an exit for something: a link, and the IP address at its far end ("" where it has none). */
export interface Asker {
  readonly linkId: number;
  readonly remoteAddress: string;
}

/** Nobody in particular: bounded by the whole pool alone. */
export const NO_ASKER: Asker = { linkId: -1, remoteAddress: "" };

/**
 * Counts who holds the places of one pool. One asker alone never takes all of them, and nobody loses a place that it has.
 *
 * The bound of a network (/24, IPv6: /48) is a multiple of the places that are free, so it shrinks as the pool fills up
 * (dynamic thresholds; Choudhury and Hahne, 1998). The bound of a link is the same multiple of what is left to its network. With a
 * multiple of 2, one network gets two thirds of a pool, one link four sevenths, and ten networks together leave a twentieth.
 */
export class FairCounts {
  readonly #links = new Map<number, number>();
  readonly #networks = new Map<string, number>();
  #taken = 0;

  /** Places that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Links and networks that hold places: no others are remembered. */
  get askers(): number {
    return this.#links.size + this.#networks.size;
  }

  /**
   * What refuses `asker` one more of `most` places: all are taken, or what is left is for `others`. Undefined if it may have
   * one. Changes nothing. A pool of few places has nothing to share: there the first come take all.
   */
  fullFor({ linkId, remoteAddress }: Asker, most: number): "all" | "others" | undefined {
    if (this.#taken >= most) return "all";
    if (most < EGRESS_LIMITS.leastSharedPlaces.value || linkId === NO_ASKER.linkId) return undefined;
    const multiple = EGRESS_LIMITS.fairMultiple.value;
    const ofLink = this.#links.get(linkId) ?? 0;
    const network = addressNetwork(remoteAddress);
    // Links without an address are no network: each stands for itself.
    const ofNetwork = network === "" ? ofLink : (this.#networks.get(network) ?? 0);
    const left = multiple * (most - this.#taken) - ofNetwork;
    if (ofLink === 0) return left > 0 ? undefined : "others";
    // A place takes one of those that are free and adds one to the network's own. It must leave one to a newcomer.
    return left > multiple + 1 && ofLink < multiple * left ? undefined : "others";
  }

  /** Takes a place and returns what gives it back. Calling that twice is harmless. */
  take({ linkId, remoteAddress }: Asker): () => void {
    const network = addressNetwork(remoteAddress);
    this.#taken += 1;
    add(this.#links, linkId, 1);
    add(this.#networks, network, 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken -= 1;
      add(this.#links, linkId, -1);
      add(this.#networks, network, -1);
    };
  }
}

/** The refusal that `full` is, for `what`: the number of places and their name. It does not say how many others hold. */
export function fullText(full: "all" | "others", what: string): string {
  return full === "all" ? `has ${what} open, as many as it may` : `keeps the rest of its ${what} for other clients`;
}

function add<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
