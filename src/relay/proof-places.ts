import { addressNetwork } from "../link/address-crowd.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { RELAY_LIMITS } from "./limits.ts";

/** How many proofs may be under way; the default is in `limits.ts`. */
export interface ProofPlacesOptions {
  readonly maxPendingProofs?: number | undefined;
  /** Nodes share networks here, so that those of one may all be proven at once. */
  readonly localNetwork?: boolean | undefined;
}

/** Places for proofs under way. The clients' networks share them fairly, and so do the endpoints' networks. */
export class ProofPlaces {
  readonly #ofClients: Semaphore;
  readonly #ofEndpoints: Semaphore;

  constructor({ maxPendingProofs: most = RELAY_LIMITS.pendingProofs.value, localNetwork }: ProofPlacesOptions = {}) {
    const ofEndpoints = localNetwork === true ? most : RELAY_LIMITS.pendingProofsPerEndpointNetwork.value;
    this.#ofClients = new Semaphore({ most, mostPerKey: RELAY_LIMITS.pendingProofsPerNetwork.value });
    // The bound for all proofs is shared by the clients' networks.
    this.#ofEndpoints = new Semaphore({ most: Number.POSITIVE_INFINITY, mostPerKey: ofEndpoints });
  }

  /** How many are taken. */
  get taken(): number {
    return this.#ofClients.taken;
  }

  /**
   * Takes a place for a proof of an endpoint at `host` that a client at `remoteAddress` needs, and returns what gives it back;
   * calling that twice is harmless. Undefined if there is none. `evict` is called when the place goes to another proof.
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
      [this.#ofClients, addressNetwork(remoteAddress)],
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
