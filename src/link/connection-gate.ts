import type { Clock } from "../core/clock.ts";
import { LruMap } from "../rate/lru-map.ts";
import type { RateBound } from "../rate/rate-rule.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { addressNetwork } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

/** How fast connections may come. */
export interface ConnectionBounds {
  /** Of everybody together. */
  readonly all: RateBound;
  /** Beyond that, of networks that had none lately: a flood from elsewhere does not shut them out. */
  readonly quiet: RateBound;
  /** Of one /24 (IPv4) or /48 (IPv6). */
  readonly network: RateBound;
}

const FOR_NODE: ConnectionBounds = {
  all: { perSecond: LINK_LIMITS.connectionsPerSecond.value, burst: LINK_LIMITS.connectionBurst.value },
  quiet: { perSecond: LINK_LIMITS.quietConnectionsPerSecond.value, burst: LINK_LIMITS.quietConnectionBurst.value },
  network: {
    perSecond: LINK_LIMITS.networkConnectionsPerSecond.value,
    burst: LINK_LIMITS.networkConnectionBurst.value,
  },
};

/**
 * Holds back floods of connections before a byte of them is read. Refusing one changes no state, so whoever floods does
 * not lengthen the wait of others of the same network, and costs no memory.
 */
export class ConnectionGate {
  readonly #clock: Clock;
  readonly #refusals: RefusalCounts | undefined;
  readonly #bounds: ConnectionBounds;
  readonly #all: TokenBucket;
  readonly #quiet: TokenBucket;
  /** The one that had one admitted longest ago comes first. */
  readonly #networks = new LruMap<string, TokenBucket>({ most: LINK_LIMITS.knownNetworks.value });

  constructor(
    components: { readonly clock: Clock; readonly refusals?: RefusalCounts | undefined },
    bounds: ConnectionBounds = FOR_NODE,
  ) {
    this.#clock = components.clock;
    this.#refusals = components.refusals;
    this.#bounds = bounds;
    this.#all = new TokenBucket(bounds.all);
    this.#quiet = new TokenBucket(bounds.quiet);
  }

  /** Networks that are remembered. */
  get networks(): number {
    return this.#networks.size;
  }

  /** Whether a connection from `remoteAddress` ("" where it has none) may come in now; counts it if so. */
  admit(remoteAddress: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const network = addressNetwork(remoteAddress);
    const rate = this.#networks.get(network) ?? new TokenBucket(this.#bounds.network);
    // That of the network first: one that floods must not use up what everybody has.
    if (network !== "" && rate.waitMs(nowMs) > 0) return this.#refuse("connection rate of one network");
    const isQuiet = network !== "" && rate.isFull(nowMs);
    if (!this.#all.tryTake(nowMs) && !(isQuiet && this.#quiet.tryTake(nowMs))) return this.#refuse("connection rate");
    if (network !== "") {
      rate.take(nowMs);
      this.#networks.set(network, rate);
      this.#forgetFull(nowMs);
    }
    return true;
  }

  #refuse(by: string): false {
    this.#refusals?.count(by);
    return false;
  }

  /** Forgets the oldest ones that are as good as new. */
  #forgetFull(nowMs: number): void {
    for (const [network, rate] of this.#networks) {
      if (!rate.isFull(nowMs)) return;
      this.#networks.delete(network);
    }
  }
}
