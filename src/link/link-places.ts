import { addressCrowd } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

/** How many places there are. */
export interface PlaceBounds {
  readonly most: number;
  /** For the addresses of one crowd together. */
  readonly mostPerCrowd: number;
}

const FOR_LINKS: PlaceBounds = { most: LINK_LIMITS.links.value, mostPerCrowd: LINK_LIMITS.linksPerAddress.value };

/** The places for connections that a node has: so many altogether, and so many for one crowd of addresses. */
export class LinkPlaces {
  readonly #bounds: PlaceBounds;
  readonly #perCrowd = new Map<string, number>();
  #taken = 0;

  /** By default those for links. */
  constructor(bounds: PlaceBounds = FOR_LINKS) {
    this.#bounds = bounds;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Share of the places that are taken, 0 to 1. */
  get takenShare(): number {
    return this.#taken / this.#bounds.most;
  }

  /** The same in tenths: finer figures would help those who match traffic by its timing. */
  get load(): number {
    return Math.round(this.takenShare * 10) / 10;
  }

  /**
   * Takes a place for a connection from `remoteAddress` ("" when it has none) and returns what gives it back; calling
   * that twice is harmless. Returns undefined when there is none left for that address.
   */
  take(remoteAddress: string): (() => void) | undefined {
    const crowd = addressCrowd(remoteAddress);
    const sharing = this.#perCrowd.get(crowd) ?? 0;
    if (this.#taken >= this.#bounds.most) return undefined;
    if (crowd !== "" && sharing >= this.#bounds.mostPerCrowd) return undefined;
    this.#taken += 1;
    if (crowd !== "") this.#perCrowd.set(crowd, sharing + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      const left = (this.#perCrowd.get(crowd) ?? 1) - 1;
      if (left <= 0) this.#perCrowd.delete(crowd);
      else this.#perCrowd.set(crowd, left);
    };
  }
}
