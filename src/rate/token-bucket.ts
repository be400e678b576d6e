import type { Clock } from "../core/clock.ts";

/** How a bucket fills. */
export interface TokenBucketOptions {
  /** The most tokens that it holds; it begins full. */
  readonly burst: number;
  /** The time after which there is one more. */
  readonly refillMs: number;
}

/** Permissions that come back with time. */
export class TokenBucket {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #options: TokenBucketOptions;
  #left: number;
  #countedMs: number;

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: TokenBucketOptions) {
    this.#clock = components.clock;
    this.#options = options;
    this.#left = options.burst;
    this.#countedMs = components.clock.monotonicMs();
  }

  /** Whether there is one to take. */
  get some(): boolean {
    // What fractions add up to may fall short of one by rounding.
    return this.#fill() > 1 - 1e-9;
  }

  /** Whether none was taken lately. */
  get isFull(): boolean {
    return this.#fill() > this.#options.burst - 1e-9;
  }

  /** Takes one, if there is one. */
  take(): boolean {
    if (!this.some) return false;
    this.#left -= 1;
    return true;
  }

  /** Gives back what was taken, or a part of one for something else that was done. */
  add(count: number): void {
    this.#left = Math.min(this.#left + count, this.#options.burst);
  }

  #fill(): number {
    const nowMs = this.#clock.monotonicMs();
    this.add((nowMs - this.#countedMs) / this.#options.refillMs);
    this.#countedMs = nowMs;
    return this.#left;
  }
}
