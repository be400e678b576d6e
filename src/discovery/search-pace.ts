import type { Clock } from "../core/clock.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/**
 * How often a relay asks others about next hops in vain.
 *
 * Names of peers cost nothing, and each search costs this node CPU time and its neighbours a question: they would end
 * answering it. So searches that found nothing are bounded for each network of askers, and for all of them. Networks whose
 * searches did not fail lately have a part of their own, so that a crowd does not use up what they need.
 */
export class SearchPace {
  readonly #networks: TokenBuckets;
  readonly #all: TokenBuckets;

  constructor({ clock }: { readonly clock: Pick<Clock, "monotonicMs"> }) {
    this.#networks = new TokenBuckets(
      { clock },
      {
        most: DISCOVERY_LIMITS.searchNetworks.value,
        burst: DISCOVERY_LIMITS.failedSearches.value,
        perSecond: 1_000 / DISCOVERY_LIMITS.failedSearchMs.value,
      },
    );
    this.#all = new TokenBuckets(
      { clock },
      {
        most: 2,
        burst: DISCOVERY_LIMITS.failedSearchesOfAll.value,
        perSecond: 1_000 / DISCOVERY_LIMITS.failedSearchOfAllMs.value,
      },
    );
  }

  /** Whether one may be begun for askers of `network` ("" where none is known). */
  allows(network: string): boolean {
    return this.#networks.has(network) && this.#all.has(this.#classOf(network));
  }

  /** Counts a search that found nothing. */
  noteFailure(network: string): void {
    this.#all.take(this.#classOf(network));
    this.#networks.take(network);
  }

  #classOf(network: string): string {
    return this.#networks.isFull(network) ? "quiet" : "failed";
  }
}
