interface Held {
  readonly key: string;
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
  /** By key, the oldest first. */
  readonly #held = new Map<string, Set<Held>>();
  #taken = 0;

  constructor(bounds: FairBounds) {
    this.#bounds = bounds;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a place for `key` ("" where none is known: such are bounded in all only) and returns what gives it back;
   * calling that twice is harmless. Undefined when there is none. `evict` is called at most once, when the place goes to
   * another; it is given back by then.
   */
  take(key: string, evict: () => void): (() => void) | undefined {
    const own = this.#held.get(key)?.size ?? 0;
    if (key !== "" && own >= this.#bounds.mostPerKey) return undefined;
    if (this.#taken >= this.#bounds.most && !this.#makeRoom(own)) return undefined;
    const held: Held = { key, evict };
    const sharing = this.#held.get(key);
    if (sharing === undefined) this.#held.set(key, new Set([held]));
    else sharing.add(held);
    this.#taken += 1;
    return () => void this.#release(held);
  }

  #makeRoom(own: number): boolean {
    let largest: Set<Held> | undefined;
    for (const held of this.#held.values()) if (held.size > (largest?.size ?? own + 1)) largest = held;
    const [oldest] = largest ?? [];
    if (oldest === undefined) return false;
    this.#release(oldest);
    oldest.evict();
    return true;
  }

  #release(held: Held): void {
    const sharing = this.#held.get(held.key);
    if (sharing?.delete(held) !== true) return;
    this.#taken -= 1;
    if (sharing.size === 0) this.#held.delete(held.key);
  }
}
