import type { Clock } from "../core/clock.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** Peers that failed a moment ago, so that the next circuit passes them over where others can be had. */
export class RecentFailures {
  readonly #clock: Clock;
  /** When each failed, oldest first. */
  readonly #failedMs = new Map<string, number>();

  readonly #onNoted: (peer: string) => void;

  constructor(components: { readonly clock: Clock; readonly onHopFailed?: (peer: string) => void }) {
    this.#clock = components.clock;
    this.#onNoted = components.onHopFailed ?? (() => {});
  }

  /** The peers that failed within the last `failureMs`. */
  get peers(): ReadonlySet<string> {
    const sinceMs = this.#clock.monotonicMs() - CIRCUIT_LIMITS.failureMs.value;
    for (const [peer, atMs] of this.#failedMs) {
      if (atMs > sinceMs) break;
      this.#failedMs.delete(peer);
    }
    return new Set(this.#failedMs.keys());
  }

  note(peer: string): void {
    this.#failedMs.delete(peer);
    this.#failedMs.set(peer, this.#clock.monotonicMs());
    const oldest = this.#failedMs.keys().next();
    if (this.#failedMs.size > CIRCUIT_LIMITS.failures.value && oldest.done !== true)
      this.#failedMs.delete(oldest.value);
    this.#onNoted(peer);
  }
}
