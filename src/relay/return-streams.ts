import { addressCrowd } from "../link/address-crowd.ts";
import type { Way } from "../link/way.ts";
import { RELAY_LIMITS } from "./limits.ts";

/**
 * Counts streams that came from an address and go back to it. An honest circuit has no hop twice and no two hops in one
 * network; links that are nested over two relays by turns pass each of them again and again in this way.
 */
export class ReturnStreams {
  readonly #open = new Map<string, number>();

  /**
   * Counts a stream from `remoteAddress` to a hop by `ways` and returns what ends the count, once. Undefined where
   * there are too many. What does not return is not counted.
   */
  take(remoteAddress: string, ways: readonly Way[]): (() => void) | undefined {
    const crowd = addressCrowd(remoteAddress);
    if (crowd === "" || !ways.some(({ at }) => addressCrowd(at.host) === crowd)) return () => {};
    const open = this.#open.get(crowd) ?? 0;
    if (open >= RELAY_LIMITS.returning.value) return undefined;
    this.#open.set(crowd, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(crowd) ?? 0) - 1;
      if (left > 0) this.#open.set(crowd, left);
      else this.#open.delete(crowd);
    };
  }
}
