import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import { TokenBucket, type TokenBucketOptions } from "./token-bucket.ts";

/** How much each one may do. */
export interface TokenBucketsOptions extends TokenBucketOptions {
  /** How many are remembered; beyond it the one that has been silent longest is forgotten. */
  readonly most: number;
}

/** A token bucket for each of many strangers, bounded in their number. */
export class TokenBuckets {
  readonly #components: { readonly clock: Pick<Clock, "monotonicMs"> };
  readonly #options: TokenBucketsOptions;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: TokenBucketsOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** How many are remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether `who` has a token left. */
  has(who: string): boolean {
    return this.#buckets.get(who)?.some ?? this.#options.burst >= 1;
  }

  /** Whether `who` has all its tokens: it did nothing lately. */
  isFull(who: string): boolean {
    return this.#buckets.get(who)?.isFull ?? true;
  }

  /** Takes a token of `who`; false when it has none left. */
  take(who: string): boolean {
    const bucket = this.#buckets.get(who) ?? new TokenBucket(this.#components, this.#options);
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    forgetOldest(this.#buckets, this.#options.most);
    return bucket.take();
  }
}
