import type { KeyedState } from "./keyed-states.ts";
import { type RateBound, RateRule } from "./rate-rule.ts";

/** One token bucket: begins with a burst, and tokens come back at its rate. Times are those of a clock that never goes back. */
export class TokenBucket implements KeyedState {
  readonly #rule: RateRule;
  #nextMs = RateRule.FRESH;

  constructor(bound: RateBound | RateRule) {
    this.#rule = bound instanceof RateRule ? bound : new RateRule(bound);
  }

  /** The milliseconds until there is a token; 0 when there is one now. Changes nothing. `rule` may have a smaller burst. */
  waitMs(nowMs: number, rule: RateRule = this.#rule): number {
    return rule.waitMs(this.#nextMs, nowMs);
  }

  /** Takes `count` tokens, also where there are fewer: then the wait grows. A negative count gives back. */
  take(nowMs: number, count = 1): void {
    this.#nextMs = this.#rule.taken(this.#nextMs, nowMs, count);
  }

  /** Takes `count` tokens and returns true; returns false and changes nothing if there are fewer. */
  tryTake(nowMs: number, count = 1): boolean {
    if (this.#rule.waitMs(this.#nextMs, nowMs, count) > 0) return false;
    this.take(nowMs, count);
    return true;
  }

  /** Whether the bucket is full: it may as well be forgotten. */
  isFull(nowMs: number): boolean {
    return this.#rule.isFull(this.#nextMs, nowMs);
  }

  /** The share of a burst that is used up; 0 or less when the bucket is full. */
  used(nowMs: number): number {
    return this.#rule.used(this.#nextMs, nowMs);
  }
}
