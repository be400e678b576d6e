import type { Clock } from "../core/clock.ts";
import { LruMap } from "./lru-map.ts";
import { type RateBound, RateRule } from "./rate-rule.ts";
import { TokenBucket } from "./token-bucket.ts";

/** How much each key may do. */
export interface TokenBucketsOptions extends RateBound {
  /** How many keys are remembered; beyond it the one that has been silent longest is forgotten. */
  readonly most: number;
}

/** A token bucket for each of many keys that strangers choose, bounded in their number. */
export class TokenBuckets {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #rule: RateRule;
  readonly #buckets: LruMap<string, TokenBucket>;

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: TokenBucketsOptions) {
    this.#clock = components.clock;
    this.#rule = new RateRule(options);
    this.#buckets = new LruMap(options);
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether `key` has a token left. Changes nothing. */
  has(key: string): boolean {
    return (this.#buckets.get(key)?.waitMs(this.#clock.monotonicMs()) ?? 0) === 0;
  }

  /** Whether `key` has all its tokens: it did nothing lately. */
  isFull(key: string): boolean {
    return this.#buckets.get(key)?.isFull(this.#clock.monotonicMs()) ?? true;
  }

  /** Takes a token of `key`; false when it has none left. */
  take(key: string): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rule);
    this.#buckets.set(key, bucket);
    return bucket.tryTake(this.#clock.monotonicMs());
  }
}
