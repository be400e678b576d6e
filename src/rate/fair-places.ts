import { FairShares } from "./fair-shares.ts";

interface Held {
  readonly evict: () => void;
}

/** How many places there are. */
export interface FairBounds {
  readonly most: number;
  /** For one key. */
  readonly mostPerKey: number;
}

/**
 * Places that are shared fairly: when all are taken, a newcomer takes over the oldest one of whoever holds most, as long
 * as it holds fewer itself. So nobody shuts others out by sitting on places.
 */
export class FairPlaces {
  readonly #bounds: FairBounds;
  readonly #shares = new FairShares<Held>();

  constructor(bounds: FairBounds) {
    this.#bounds = bounds;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#shares.size;
  }

  /**
   * Takes a place for `key` ("" where none is known: such are bounded in all only) and returns what gives it back;
   * calling that twice is harmless. Undefined when there is none. `evict` is called at most once, when the place goes to
   * another; it is given back by then.
   */
  take(key: string, evict: () => void): (() => void) | undefined {
    if (key !== "" && this.#shares.countOf(key) >= this.#bounds.mostPerKey) return undefined;
    if (this.taken >= this.#bounds.most) {
      const giver = this.#shares.giver(key);
      if (giver === undefined) return undefined;
      this.#shares.remove(giver);
      giver.evict();
    }
    const held: Held = { evict };
    this.#shares.add(key, held);
    return () => void this.#shares.remove(held);
  }
}
