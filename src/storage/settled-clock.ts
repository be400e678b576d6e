import type { Clock, Timer } from "../core/clock.ts";
import { SettledTime } from "../core/settled-time.ts";
import { STORAGE_LIMITS } from "./limits.ts";
import type { RecordKeeper } from "./record-keeper.ts";

const KIND = "clock";
const KEY = "settled";

/**
 * A clock for what is kept for weeks: its time is that of the machine, except that a leap by more than a day counts only
 * after the program has run with it for an hour (`SettledTime`). What it knows is kept with the records.
 */
export class SettledClock implements Clock {
  readonly #clock: Clock;
  readonly #records: RecordKeeper;
  readonly #time: SettledTime;
  readonly #looking: Timer;

  constructor(components: { readonly clock: Clock; readonly records: RecordKeeper }) {
    this.#clock = components.clock;
    this.#records = components.records;
    const saved = [...this.#records.load(KIND)].find(([key]) => key === KEY)?.[1];
    this.#time = new SettledTime(components, { holdMs: STORAGE_LIMITS.clockHoldMs.value, saved });
    this.#save();
    this.#looking = this.#clock.every(STORAGE_LIMITS.clockSaveMs.value, () => this.#save());
  }

  nowMs(): number {
    return this.#time.nowMs();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#clock.after(delayMs, run);
  }

  every(periodMs: number, run: () => void): Timer {
    return this.#clock.every(periodMs, run);
  }

  /** Keeps what it knows, and looks no more by itself. Idempotent. */
  stop(): void {
    this.#save();
    this.#looking.cancel();
  }

  #save(): void {
    this.#records.put(KIND, KEY, this.#time.saved);
  }
}
