import { addressNetwork } from "../link/address-crowd.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { RELAY_LIMITS } from "./limits.ts";

/** How many proofs may be under way; the default is in `limits.ts`. */
export interface ProofPlacesOptions {
  readonly maxPendingProofs?: number | undefined;
  /** Nodes share networks here, so that those of one may all be proven at once. */
  readonly localNetwork?: boolean | undefined;
}

/** Places for proofs that are under way, shared fairly by the askers' networks and by the endpoints'. */
export class ProofPlaces {
  readonly #ofAskers: Semaphore;
  readonly #ofEndpoints: Semaphore;

  constructor({ maxPendingProofs: most = RELAY_LIMITS.pendingProofs.value, localNetwork }: ProofPlacesOptions = {}) {
    const ofEndpoints = localNetwork === true ? most : RELAY_LIMITS.pendingProofsPerEndpointNetwork.value;
    this.#ofAskers = new Semaphore({ most, mostPerKey: RELAY_LIMITS.pendingProofsPerNetwork.value });
    // How many there are in all is the askers' to share.
    this.#ofEndpoints = new Semaphore({ most: Number.POSITIVE_INFINITY, mostPerKey: ofEndpoints });
  }

  /** How many are taken. */
  get taken(): number {
    return this.#ofAskers.taken;
  }

  /**
   * Takes a place for a proof that an asker at `remoteAddress` wants of an endpoint at `host`, and returns what gives it
   * back; calling that twice is harmless. Undefined when there is none. `evict` is called when the place goes to another.
   */
  take(remoteAddress: string, host: string, evict: () => void): (() => void) | undefined {
    const releases: (() => void)[] = [];
    const releaseAll = (): void => {
      for (const release of releases) release();
    };
    const onEvict = (): void => {
      releaseAll();
      evict();
    };
    for (const [places, network] of [
      [this.#ofEndpoints, addressNetwork(host)],
      [this.#ofAskers, addressNetwork(remoteAddress)],
    ] as const) {
      const release = places.tryAcquire(network, onEvict);
      if (release === undefined) {
        releaseAll();
        return undefined;
      }
      releases.push(release);
    }
    return releaseAll;
  }
}
