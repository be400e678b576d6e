import type { Clock } from "../core/clock.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import type { RateBound } from "../rate/rate-rule.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/**
 * What a hearer of one topic passes on at the most, whoever sends: `gossipPerPeriod` messages in a renewal period in all,
 * and `gossipPerNetwork` of one /16 or /32. It holds where senders know a wrong number of nodes, or do not keep to it.
 */
export class GossipBudget {
  readonly #whole: TokenBuckets;
  readonly #networks: TokenBuckets;

  constructor(components: { clock: Pick<Clock, "monotonicMs"> }) {
    const { gossipPerPeriod, gossipPerNetwork, gossipNetworks } = DISCOVERY_LIMITS;
    const { renewMs } = PEERS_LIMITS;
    const perPeriod = (count: number): RateBound => ({
      burst: count,
      perSecond: (1_000 * count) / renewMs.value,
    });
    this.#whole = new TokenBuckets(components, { most: 1, ...perPeriod(gossipPerPeriod.value) });
    this.#networks = new TokenBuckets(components, { most: gossipNetworks.value, ...perPeriod(gossipPerNetwork.value) });
  }

  /** How many networks are counted at present. */
  get networks(): number {
    return this.#networks.size;
  }

  /**
   * Whether a valid message of a node in `network` may be passed on; counts it if so. Where not, the verdict is `ignore`:
   * who forwards it has done nothing wrong.
   */
  take(network: string | undefined): boolean {
    if (!this.#whole.has(WHOLE) || (network !== undefined && !this.#networks.take(network))) return false;
    return this.#whole.take(WHOLE);
  }
}

const WHOLE = "";
