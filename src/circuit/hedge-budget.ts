import type { Clock } from "../core/clock.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/**
 * How many second attempts may run beside slow first ones: a share of the first attempts and a few more, so that a network
 * that is slow for everybody is not made slower (Dean and Barroso, The Tail at Scale, 2013).
 */
export class HedgeBudget {
  readonly #allowance: TokenBucket;

  constructor(components: { clock: Clock }) {
    this.#allowance = new TokenBucket(components, {
      burst: CIRCUIT_LIMITS.hedgesSaved.value,
      refillMs: 1_000 / (CIRCUIT_LIMITS.hedgesPerMinute.value / 60),
    });
  }

  /** Notes a first attempt. */
  earn(): void {
    this.#allowance.add(CIRCUIT_LIMITS.hedgesPerHundred.value / 100);
  }

  /** Whether a second attempt may be made; it counts as made then. */
  spend(): boolean {
    return this.#allowance.take();
  }

  /** Takes a second attempt back that could not be made. */
  refund(): void {
    this.#allowance.add(1);
  }
}
