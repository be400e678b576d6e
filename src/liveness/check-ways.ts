import { forgetOldest } from "../core/forget-oldest.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/**
 * Remembers which peers are checked only by way of others.
 *
 * A peer's way is settled before it can fail: by its first check, or by its first failure behind others. A peer that was
 * never asked from here must not be asked so after it failed behind others. One that was asked from here goes on being asked,
 * since the peer would notice the end as well.
 */
export class CheckWays {
  /** By peer, whether only others may ask; the one settled longest ago stands first. */
  readonly #isFar = new Map<string, boolean>();

  /** Settles the way of `peer`, unless it is settled. */
  settle(peer: string, isFar: boolean): void {
    if (this.#isFar.has(peer)) return;
    this.#isFar.set(peer, isFar);
    forgetOldest(this.#isFar, LIVENESS_LIMITS.checkWays.value);
  }

  /** Whether `peer` is asked by way of others only. */
  isFar(peer: string): boolean {
    return this.#isFar.get(peer) ?? false;
  }
}
