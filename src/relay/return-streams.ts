import { addressCrowd } from "../link/address-crowd.ts";
import type { Way } from "../link/way.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { RELAY_LIMITS } from "./limits.ts";

/**
 * Counts streams that came from an address and go back to it. An honest circuit has no hop twice and no two hops in one
 * network; links that are nested over two relays by turns pass each of them again and again in this way.
 */
export class ReturnStreams {
  readonly #open = new Semaphore({ most: Number.POSITIVE_INFINITY, mostPerKey: RELAY_LIMITS.returning.value });

  /**
   * Counts a stream from `remoteAddress` to a hop by `ways` and returns what ends the count, once. Undefined where
   * there are too many. What does not return is not counted.
   */
  take(remoteAddress: string, ways: readonly Way[]): (() => void) | undefined {
    const crowd = addressCrowd(remoteAddress);
    if (crowd === "" || !ways.some(({ at }) => addressCrowd(at.host) === crowd)) return () => {};
    return this.#open.tryAcquire(crowd);
  }
}
