/** Forgives the rounding of sums of fractions: times that differ by less than a microsecond are the same. */
const TOLERANCE_MS = 1e-3;

/** `perSecond` in the long run, above 0; below 1 it spreads single ones over more than a second. Up to `burst` at once, at least 1. */
export interface RateBound {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * How often something may happen: a token bucket, as the generic cell rate algorithm keeps it (ITU-T I.371, virtual
 * scheduling). In any span of time there are at most `perSecond` a second and one burst.
 *
 * One rule serves many keys. The state of each is one number, `nextMs`: when its next one would be due if all were evenly
 * spread. It begins with `RateRule.FRESH`. A key whose `nextMs` has passed has a full bucket.
 */
export class RateRule {
  /** The number of a key that has had nothing yet. */
  static readonly FRESH: number = Number.NEGATIVE_INFINITY;
  readonly perSecond: number;
  readonly #intervalMs: number;
  readonly #burstMs: number;

  constructor({ perSecond, burst }: RateBound) {
    this.perSecond = perSecond;
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = (Math.max(1, burst) - 1) * this.#intervalMs;
  }

  /** The milliseconds to wait until `count` more are allowed at once; 0 when they are allowed now. */
  waitMs(nextMs: number, nowMs: number, count = 1): number {
    const waitMs = Math.max(nextMs, nowMs) + (count - 1) * this.#intervalMs - this.#burstMs - nowMs;
    return waitMs > TOLERANCE_MS ? waitMs : 0;
  }

  /** The number after `count` more; a negative count, also a fraction, gives back. */
  taken(nextMs: number, nowMs: number, count = 1): number {
    return Math.max(nextMs, nowMs) + count * this.#intervalMs;
  }

  /** Whether the bucket is full: the key may as well be forgotten. */
  isFull(nextMs: number, nowMs: number): boolean {
    return nextMs - nowMs <= TOLERANCE_MS;
  }

  /** The share of a burst that is used up; 0 or less when the bucket is full. */
  used(nextMs: number, nowMs: number): number {
    return (nextMs - nowMs) / (this.#burstMs + this.#intervalMs);
  }
}
