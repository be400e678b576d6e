import type { Clock, Timer } from "../core/clock.ts";
import { FLOW_LIMITS } from "./limits.ts";

/** What may collect the garbage of this process now; undefined where the process was not told that it may. */
export type Collect = (() => void) | undefined;

/**
 * Memory that was let go of, and that takes room until it was collected.
 *
 * V8 lets garbage grow with what it found in use at its last collection, which is the most just after much was held. So a
 * process that may collect on purpose (`tuneGarbageCollection`) does so, soon if there is much and in `collectMs` if little.
 */
export class FreedMemory {
  readonly #clock: Clock;
  readonly #collect: () => Collect;
  readonly #most: number;
  #bytes = 0;
  #planned: Timer | undefined;
  #isSoon = false;

  /** `mostBytes` is what may wait for `collectMs`; `collect` is `globalThis.gc` when absent. */
  constructor(components: { readonly clock: Clock; readonly collect?: () => Collect }, mostBytes: number) {
    this.#clock = components.clock;
    this.#collect = components.collect ?? (() => (globalThis as { gc?: () => void }).gc);
    this.#most = mostBytes;
  }

  /** Says that `bytes` were let go of just now. */
  add(bytes: number): void {
    if (this.#collect() === undefined) return;
    this.#bytes += bytes;
    const isSoon = this.#bytes >= this.#most;
    if (this.#planned !== undefined && (this.#isSoon || !isSoon)) return;
    this.#planned?.cancel();
    this.#isSoon = isSoon;
    const { collectSoonMs, collectMs } = FLOW_LIMITS;
    this.#planned = this.#clock.after((isSoon ? collectSoonMs : collectMs).value, () => {
      this.#planned = undefined;
      this.#isSoon = false;
      this.#bytes = 0;
      this.#collect()?.();
    });
  }
}
