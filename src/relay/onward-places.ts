import { BywayError } from "../core/errors.ts";
import { addressNetwork } from "../link/address-crowd.ts";
import type { LinkSession } from "../link/link-session.ts";
import { FairPlaces } from "../rate/fair-places.ts";

/** How many places there are, for all, for the links of one network, and for one link. */
export interface OnwardBounds {
  readonly most: number;
  readonly mostPerNetwork: number;
  readonly mostPerLink: number;
}

/**
 * Places for what links ask for, shared fairly between the networks that they come from: when all are taken, a newcomer
 * takes over the oldest place of the network that holds most.
 */
export class OnwardPlaces {
  readonly #what: string;
  readonly #mostPerLink: number;
  readonly #places: FairPlaces;
  readonly #ofLink = new Map<LinkSession, number>();

  /** `what` is said in refusals: `carried connections`. */
  constructor(what: string, { most, mostPerNetwork, mostPerLink }: OnwardBounds) {
    this.#what = what;
    this.#mostPerLink = mostPerLink;
    this.#places = new FairPlaces({ most, mostPerKey: mostPerNetwork });
  }

  /** How many are taken. */
  get taken(): number {
    return this.#places.taken;
  }

  /**
   * Takes a place and returns what gives it back; calling that twice is harmless. Throws ERR_STREAM_LIMIT. `evict` is
   * called at most once, with such an error, when the place goes to another network; it is given back by then.
   */
  take(link: LinkSession, evict: (reason: BywayError) => void): () => void {
    const own = this.#ofLink.get(link) ?? 0;
    if (own >= this.#mostPerLink) throw this.#refusal(" of a link");
    let isHeld = true;
    const give = (): void => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#ofLink.get(link) ?? 0) - 1;
      if (left > 0) this.#ofLink.set(link, left);
      else this.#ofLink.delete(link);
    };
    const release = this.#places.take(addressNetwork(link.remote), () => {
      give();
      evict(this.#refusal(""));
    });
    if (release === undefined) throw this.#refusal(" of a network");
    this.#ofLink.set(link, own + 1);
    return () => {
      give();
      release();
    };
  }

  #refusal(of: string): BywayError {
    return new BywayError("ERR_STREAM_LIMIT", `this relay has as many ${this.#what}${of} as it may`, {
      data: { by: `${this.#what}${of}` },
    });
  }
}
