import type { RefusalCounts } from "../core/refusal-counts.ts";
import { addressCrowd, addressNetwork } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

/** How many places there are. */
export interface PlaceBounds {
  readonly most: number;
  /** For the addresses of one crowd together. */
  readonly mostPerCrowd: number;
  /** For those of one /24 or /48. */
  readonly mostPerNetwork: number;
}

const FOR_LINKS: PlaceBounds = {
  most: LINK_LIMITS.links.value,
  mostPerCrowd: LINK_LIMITS.linksPerAddress.value,
  mostPerNetwork: LINK_LIMITS.linksPerNetwork.value,
};

/** The places for links that a node has: so many altogether, for one crowd of addresses, and for one network. */
export class LinkPlaces {
  readonly #bounds: PlaceBounds;
  readonly #refusals: RefusalCounts | undefined;
  /** By crowd and by network, whose keys differ in length. */
  readonly #sharing = new Map<string, number>();
  #taken = 0;

  /** By default those for links. */
  constructor(bounds: PlaceBounds = FOR_LINKS, refusals?: RefusalCounts) {
    this.#bounds = bounds;
    this.#refusals = refusals;
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
    const network = addressNetwork(remoteAddress);
    if (this.#taken >= this.#bounds.most) return this.#refuse("links");
    if (this.#countOf(crowd) >= this.#bounds.mostPerCrowd) return this.#refuse("links of one address");
    if (this.#countOf(network) >= this.#bounds.mostPerNetwork) return this.#refuse("links of one network");
    this.#taken += 1;
    this.#change(crowd, 1);
    this.#change(network, 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken -= 1;
      this.#change(crowd, -1);
      this.#change(network, -1);
    };
  }

  #countOf(key: string): number {
    return this.#sharing.get(key) ?? 0;
  }

  #change(key: string, by: number): void {
    if (key === "") return;
    const count = this.#countOf(key) + by;
    if (count <= 0) this.#sharing.delete(key);
    else this.#sharing.set(key, count);
  }

  #refuse(by: string): undefined {
    this.#refusals?.count(by);
    return undefined;
  }
}
