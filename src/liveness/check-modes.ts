import { forgetOldest } from "../core/forget-oldest.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/**
 * Remembers which peers are checked only through other nodes.
 *
 * A peer's mode is set before it can fail: by its first check, or by its first failure behind other hops. A peer that this
 * side has never asked directly must not be asked directly after such a failure. A peer that was asked directly is asked so
 * again, since it would notice the end as well.
 */
export class CheckModes {
  /** By peer, whether it is asked only through others; the one set longest ago comes first. */
  readonly #isFar = new Map<string, boolean>();

  /** Sets the mode of `peer`, unless it is set. */
  settle(peer: string, isFar: boolean): void {
    if (this.#isFar.has(peer)) return;
    this.#isFar.set(peer, isFar);
    forgetOldest(this.#isFar, LIVENESS_LIMITS.checkModes.value);
  }

  /** Whether `peer` is asked only through others. */
  isFar(peer: string): boolean {
    return this.#isFar.get(peer) ?? false;
  }
}
