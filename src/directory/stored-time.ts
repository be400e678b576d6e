import type { Clock } from "../core/clock.ts";
import { CORE_LIMITS } from "../core/limits.ts";
import { SettledTime } from "../core/settled-time.ts";
import type { StateKeeper } from "./uptime-log.ts";

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
    this.#time = new SettledTime(components, { holdMs: CORE_LIMITS.clockHoldMs.value, saved });
  }

  /** The time now, in Unix ms: what is too old by it may go. Throws ERR_STORE where it cannot be kept. */
  lookMs(): number {
    this.#store.changeState(STATE, () => this.#time.saved);
    return this.#time.safeMs();
  }
}
