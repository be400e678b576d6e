import { forgetOldest } from "../core/forget-oldest.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/**
 * Exits that answered later than expected while another one answered, again and again. One that is there and opens no
 * streams is never seen to fail: another one takes its place each time.
 */
export class LostRaces {
  /** Races in a row, the exit that lost longest ago first. */
  readonly #lost = new Map<string, number>();

  /** How many exits are remembered. */
  get size(): number {
    return this.#lost.size;
  }

  /** Notes that `exit` lost; whether it has so often in a row that it counts as failed, and is counted anew then. */
  note(exit: string): boolean {
    const times = (this.#lost.get(exit) ?? 0) + 1;
    this.#lost.delete(exit);
    if (times >= DISPATCH_LIMITS.racesLost.value) return true;
    this.#lost.set(exit, times);
    forgetOldest(this.#lost, TRUST_LIMITS.failures.value);
    return false;
  }

  /** Notes that `exit` answered. */
  noteAnswer(exit: string): void {
    this.#lost.delete(exit);
  }
}
