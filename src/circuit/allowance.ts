import type { Clock } from "../core/clock.ts";

/** How an allowance fills. */
export interface AllowanceOptions {
  /** The most that it holds; it begins full. */
  readonly most: number;
  readonly perSecond: number;
}

/** Permissions that come back with time, up to a most (a token bucket). */
export class Allowance {
  readonly #clock: Clock;
  readonly #options: AllowanceOptions;
  #left: number;
  #countedMs: number;

  constructor(components: { clock: Clock }, options: AllowanceOptions) {
    this.#clock = components.clock;
    this.#options = options;
    this.#left = options.most;
    this.#countedMs = components.clock.monotonicMs();
  }

  /** Whether there is one to take. */
  get some(): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.add(((nowMs - this.#countedMs) * this.#options.perSecond) / 1000);
    this.#countedMs = nowMs;
    // What fractions add up to may fall short of one by rounding.
    return this.#left > 1 - 1e-9;
  }

  /** Takes one, if there is one. */
  take(): boolean {
    if (!this.some) return false;
    this.#left -= 1;
    return true;
  }

  /** Gives back what was taken, or a part of one for something else that was done. */
  add(count: number): void {
    this.#left = Math.min(this.#left + count, this.#options.most);
  }
}
