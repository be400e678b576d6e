import { FairShares } from "./fair-shares.ts";

/** How many permits there are. */
export interface SemaphoreBounds {
  readonly most: number;
  /** For one key. Default: all of them. */
  readonly mostPerKey?: number | undefined;
}

/** A permit that is held. */
interface Permit {
  readonly evict: (() => void) | undefined;
}

/**
 * Bounds how many of one thing there are at a time. Nobody waits for a permit: there is one now or there is none.
 *
 * A permit that is taken with `evict` can go to another. When all are taken, a newcomer takes over the oldest such permit of the key
 * that holds most, if its own key holds fewer. So nobody shuts others out by holding permits.
 */
export class Semaphore {
  readonly #bounds: SemaphoreBounds;
  readonly #shares = new FairShares<Permit>();
  /** Permits that have no key and go to nobody. */
  #plain = 0;

  constructor(bounds: SemaphoreBounds) {
    this.#bounds = bounds;
  }

  /** How many permits are taken. */
  get taken(): number {
    return this.#plain + this.#shares.size;
  }

  /**
   * Takes a permit for `key` and returns what gives it back; calling that twice is harmless. Returns undefined if there is none.
   * A permit for "" counts for no key. `evict` is called at most once, when the permit goes to another; by then it is given back.
   */
  tryAcquire(key = "", evict?: () => void): (() => void) | undefined {
    const { most, mostPerKey } = this.#bounds;
    if (mostPerKey !== undefined && key !== "" && this.#shares.countOf(key) >= mostPerKey) return undefined;
    if (this.taken >= most) {
      const giver = this.#shares.giver(key);
      if (giver === undefined) return undefined;
      this.#shares.remove(giver);
      giver.evict?.();
    }
    if (key === "" && evict === undefined) return this.#takePlain();
    const permit: Permit = { evict };
    this.#shares.add(key, permit);
    if (evict === undefined) this.#shares.use(permit, true);
    return () => void this.#shares.remove(permit);
  }

  /** Counts only: this runs for each connection to a target. */
  #takePlain(): () => void {
    this.#plain += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#plain -= 1;
      isHeld = false;
    };
  }
}
