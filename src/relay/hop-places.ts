import { BywayError } from "../core/errors.ts";
import { addressNetwork } from "../link/address-crowd.ts";
import { Semaphore } from "../rate/semaphore.ts";

/**
 * Places for connections to one next hop. The hop bounds the links from this relay's address, so one client could use them
 * all up. There are fewer places than such links, and the clients' networks share them fairly: if all are taken, a newcomer
 * gets the oldest place of the network that holds most.
 */
export class HopPlaces {
  readonly #most: number;
  readonly #hops = new Map<string, Semaphore>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Hops to which any place is taken. */
  get hops(): number {
    return this.#hops.size;
  }

  /**
   * Takes a place to `peerId` for a client at `remoteAddress`, and returns what gives it back; calling that twice is harmless.
   * Throws ERR_STREAM_LIMIT. `evict` is called at most once, with such an error, when the place goes to another network. The
   * place is given back by then.
   */
  take(peerId: string, remoteAddress: string, evict: (reason: BywayError) => void): () => void {
    const places = this.#hops.get(peerId) ?? new Semaphore({ most: this.#most });
    const release = places.tryAcquire(addressNetwork(remoteAddress), () => evict(full()));
    if (release === undefined) throw full();
    this.#hops.set(peerId, places);
    return () => {
      release();
      if (places.taken === 0 && this.#hops.get(peerId) === places) this.#hops.delete(peerId);
    };
  }
}

function full(): BywayError {
  return new BywayError("ERR_STREAM_LIMIT", "this relay has as many connections to that hop as it may", {
    data: { by: "carried connections to one hop" },
  });
}
