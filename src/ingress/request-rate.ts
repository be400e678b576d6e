/** Forgives the rounding of sums of fractions; requests that are a millionth of a second apart are not told apart. */
const TOLERANCE_MS = 1e-3;

/**
 * How often something may happen, by the generic cell rate algorithm (ITU-T I.371, as a virtual schedule): one number of
 * state. In any span of time there are at most `perSecond` a second and one burst, which is one second's worth and at
 * least 1.
 */
export class RequestRate {
  readonly #intervalMs: number;
  readonly #burstMs: number;
  /** When the schedule would have the next one, were they evenly spread. */
  #nextMs = Number.NEGATIVE_INFINITY;

  /** `perSecond` is above 0; below 1 it spreads single requests over more than a second. */
  constructor(perSecond: number) {
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = (Math.max(1, perSecond) - 1) * this.#intervalMs;
  }

  /** The milliseconds to wait until one more would be allowed; 0 when it is allowed now. Changes nothing. */
  waitMs(nowMs: number): number {
    const waitMs = this.#nextMs - this.#burstMs - nowMs;
    return waitMs > TOLERANCE_MS ? waitMs : 0;
  }

  /** Counts one that was allowed. */
  take(nowMs: number): void {
    this.#nextMs = Math.max(this.#nextMs, nowMs) + this.#intervalMs;
  }
}
