import { BywayError } from "../core/errors.ts";
import { addressNetwork } from "../link/address-crowd.ts";
import type { LinkSession } from "../link/link-session.ts";
import { Semaphore } from "../rate/semaphore.ts";

/** How many places there are, for all, for the links of one network, and for one link. */
export interface OnwardBounds {
  readonly most: number;
  readonly mostPerNetwork: number;
  readonly mostPerLink: number;
}

/**
 * Places for requests of links. The networks of the links share them fairly: if all are taken, a newcomer gets the oldest
 * place of the network that holds most.
 */
export class OnwardPlaces {
  readonly #what: string;
  readonly #networks: Semaphore;
  readonly #links: Semaphore;

  /** `what` is said in refusals: `carried connections`. */
  constructor(what: string, { most, mostPerNetwork, mostPerLink }: OnwardBounds) {
    this.#what = what;
    this.#networks = new Semaphore({ most, mostPerKey: mostPerNetwork });
    this.#links = new Semaphore({ most: Number.POSITIVE_INFINITY, mostPerKey: mostPerLink });
  }

  /** How many are taken. */
  get taken(): number {
    return this.#networks.taken;
  }

  /**
   * Takes a place and returns what gives it back; calling that twice is harmless. Throws ERR_STREAM_LIMIT. `evict` is
   * called at most once, with such an error, when the place goes to another network. The place is given back by then.
   */
  take(link: LinkSession, evict: (reason: BywayError) => void): () => void {
    const ofLink = this.#links.tryAcquire(String(link.id));
    if (ofLink === undefined) throw this.#refusal(" of a link");
    const ofNetwork = this.#networks.tryAcquire(addressNetwork(link.remote), () => {
      ofLink();
      evict(this.#refusal(""));
    });
    if (ofNetwork === undefined) {
      ofLink();
      throw this.#refusal(" of a network");
    }
    return () => {
      ofLink();
      ofNetwork();
    };
  }

  #refusal(of: string): BywayError {
    return new BywayError("ERR_STREAM_LIMIT", `this relay has as many ${this.#what}${of} as it may`, {
      data: { by: `${this.#what}${of}` },
    });
  }
}
