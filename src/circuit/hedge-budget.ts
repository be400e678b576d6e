import type { Clock } from "../core/clock.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/**
 * How many second attempts may run beside slow first ones: a share of the first attempts and a few more, so that a network
 * that is slow for everybody is not made slower (Dean and Barroso, The Tail at Scale, 2013).
 */
export class HedgeBudget {
  readonly #clock: Clock;
  readonly #bucket = new TokenBucket({
    perSecond: CIRCUIT_LIMITS.hedgesPerMinute.value / 60,
    burst: CIRCUIT_LIMITS.hedgesSaved.value,
  });

  constructor(components: { clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Notes a first attempt. */
  earn(): void {
    this.#bucket.take(this.#clock.monotonicMs(), -CIRCUIT_LIMITS.hedgesPerHundred.value / 100);
  }

  /** Whether a second attempt may be made; it counts as made then. */
  spend(): boolean {
    return this.#bucket.tryTake(this.#clock.monotonicMs());
  }

  /** Takes a second attempt back that could not be made. */
  refund(): void {
    this.#bucket.take(this.#clock.monotonicMs(), -1);
  }
}
