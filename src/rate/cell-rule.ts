/** Forgives the rounding of sums of fractions; cells that are a millionth of a second apart are not told apart. */
const TOLERANCE_MS = 1e-3;

/** `perSecond` in the long run, above 0; below 1 it spreads single ones over more than a second. Up to `burst` at once, at least 1. */
export interface CellBound {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * How often something may happen, by the generic cell rate algorithm (ITU-T I.371, as a virtual schedule). In any span of
 * time there are at most `perSecond` a second and one burst. The rule is shared by all who are held to it; what each of
 * them has is one number, `nextMs`: when the schedule would have the next one, were they evenly spread. It begins with
 * `CellRule.FRESH`, and whoever's `nextMs` has passed is as good as new.
 */
export class CellRule {
  /** The number of one who has had nothing yet. */
  static readonly FRESH: number = Number.NEGATIVE_INFINITY;
  readonly perSecond: number;
  readonly #intervalMs: number;
  readonly #burstMs: number;

  constructor({ perSecond, burst }: CellBound) {
    this.perSecond = perSecond;
    this.#intervalMs = 1000 / perSecond;
    this.#burstMs = (Math.max(1, burst) - 1) * this.#intervalMs;
  }

  /** The milliseconds to wait until one more would be allowed; 0 when it is allowed now. */
  waitMs(nextMs: number, nowMs: number): number {
    const waitMs = nextMs - this.#burstMs - nowMs;
    return waitMs > TOLERANCE_MS ? waitMs : 0;
  }

  /** The number after `count` more. */
  taken(nextMs: number, nowMs: number, count = 1): number {
    return Math.max(nextMs, nowMs) + count * this.#intervalMs;
  }

  /** The share of a burst that is used up; 0 or less when nothing is. */
  used(nextMs: number, nowMs: number): number {
    return (nextMs - nowMs) / (this.#burstMs + this.#intervalMs);
  }
}
