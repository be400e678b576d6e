import type { Clock } from "../core/clock.ts";

/** How much each one may do. */
export interface TokenBucketsOptions {
  /** How many are remembered; beyond it the one that has been silent longest is forgotten. */
  readonly most: number;
  /** What one may do at once. */
  readonly burst: number;
  /** The time after which it may do one thing more. */
  readonly refillMs: number;
}

/** A token bucket for each of many strangers, bounded in their number. */
export class TokenBuckets {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #options: TokenBucketsOptions;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, options: TokenBucketsOptions) {
    this.#clock = components.clock;
    this.#options = options;
  }

  /** How many are remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Whether `who` has a token left. */
  has(who: string): boolean {
    return this.#tokens(who) >= 1;
  }

  /** Whether `who` has all its tokens: it did nothing lately. */
  isFull(who: string): boolean {
    return this.#tokens(who) >= this.#options.burst;
  }

  /** Takes a token of `who`; false when it has none left. */
  take(who: string): boolean {
    const tokens = this.#tokens(who);
    const isAllowed = tokens >= 1;
    this.#buckets.delete(who);
    this.#buckets.set(who, { tokens: isAllowed ? tokens - 1 : tokens, atMs: this.#clock.monotonicMs() });
    const [longestSilent] = this.#buckets.keys();
    if (this.#buckets.size > this.#options.most && longestSilent !== undefined) this.#buckets.delete(longestSilent);
    return isAllowed;
  }

  #tokens(who: string): number {
    const { burst, refillMs } = this.#options;
    const bucket = this.#buckets.get(who);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.tokens + (this.#clock.monotonicMs() - bucket.atMs) / refillMs);
  }
}
