import type { Clock } from "../core/clock.ts";
import type { JsonValue } from "../core/errors.ts";
import { SettledTime } from "../core/settled-time.ts";
import { STORAGE_LIMITS } from "../storage/limits.ts";

/** Small values that live as long as the store; a PeerStore is one. */
export interface StateKeeper {
  readState(name: string): JsonValue | undefined;
  changeState(name: string, change: (held: JsonValue | undefined) => JsonValue): void;
}

const STATE = "clock";

/**
 * The time by which peers and proofs are forgotten for good. A moment of a wrong clock must not cost the ways into the
 * network, so a leap counts after an hour of running (`SettledTime`); the store keeps what is known of it.
 */
export class StoredTime {
  readonly #store: StateKeeper;
  readonly #time: SettledTime;

  constructor(components: { readonly store: StateKeeper; readonly clock: Clock }) {
    this.#store = components.store;
    const saved = this.#store.readState(STATE);
    this.#time = new SettledTime(components, { holdMs: STORAGE_LIMITS.clockHoldMs.value, saved });
  }

  /** The time now, in Unix ms: what is too old by it may go. Throws ERR_STORE where it cannot be kept. */
  lookMs(): number {
    this.#store.changeState(STATE, () => this.#time.saved);
    return this.#time.safeMs();
  }
}
