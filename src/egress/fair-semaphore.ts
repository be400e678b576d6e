import { addressNetwork } from "../link/address-crowd.ts";
import { LinkSession } from "../link/link-session.ts";
import { EGRESS_LIMITS } from "./limits.ts";

/** For what no link asks for: bounded by the whole pool alone. */
export const NO_LINK: LinkSession = new LinkSession(0, "");

/**
 * A semaphore that links share: none takes all permits alone, nor does a network, and nobody loses a permit.
 *
 * The bound of a network (/24, IPv6: /48) is a multiple of the permits that are free, so it shrinks as the pool fills up
 * (dynamic thresholds; Choudhury and Hahne, 1998). The bound of a link is the same multiple of what is left to its network. With a
 * multiple of 2, one network gets two thirds of a pool, one link four sevenths, and ten networks together leave a twentieth.
 */
export class FairSemaphore {
  readonly #most: number;
  readonly #links = new Map<LinkSession, number>();
  readonly #networks = new Map<string, number>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many permits are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Links and networks that hold permits: no others are remembered. */
  get remembered(): number {
    return this.#links.size + this.#networks.size;
  }

  /**
   * Why `link` may have no permit: all are taken, or what is left is for `others`. Undefined if it may have one. Changes nothing.
   * Few permits are not worth sharing: there the first come take all.
   */
  fullFor(link: LinkSession): "all" | "others" | undefined {
    const most = this.#most;
    if (this.#taken >= most) return "all";
    if (most < EGRESS_LIMITS.leastSharedPlaces.value || link === NO_LINK) return undefined;
    const multiple = EGRESS_LIMITS.fairMultiple.value;
    const ofLink = this.#links.get(link) ?? 0;
    const network = addressNetwork(link.remote);
    // Links without an address are no network: each stands for itself.
    const ofNetwork = network === "" ? ofLink : (this.#networks.get(network) ?? 0);
    const left = multiple * (most - this.#taken) - ofNetwork;
    if (ofLink === 0) return left > 0 ? undefined : "others";
    // A permit is one of those that are free and adds one to the network's own. It must leave one to a newcomer.
    return left > multiple + 1 && ofLink < multiple * left ? undefined : "others";
  }

  /** Takes a permit that `fullFor` has allowed, and returns what gives it back. Calling that twice is harmless. */
  take(link: LinkSession): () => void {
    const network = addressNetwork(link.remote);
    this.#taken += 1;
    add(this.#links, link, 1);
    add(this.#networks, network, 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken -= 1;
      add(this.#links, link, -1);
      add(this.#networks, network, -1);
    };
  }
}

/** The refusal that `full` is, for `what`: the number of permits and what they are for. It does not say how many others hold. */
export function fullText(full: "all" | "others", what: string): string {
  return full === "all" ? `has ${what} open, as many as it may` : `keeps the rest of its ${what} for other clients`;
}

function add<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
