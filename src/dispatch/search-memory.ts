import type { Clock } from "../core/clock.ts";
import { fitsQuery } from "../peers/fits-query.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { LruMap } from "../rate/lru-map.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** How often a client searched the network since it started, as `byway requests` shows it. */
export interface SearchReport {
  /** Searches that began, because no known node fitted a request. */
  readonly begun: number;
  /** Searches that found no node. */
  readonly vain: number;
  /** Requests that were refused without a search, since one like it was in vain a moment ago. */
  readonly spared: number;
}

/** A search of the network that may begin. */
export interface Search {
  /** Whether a whole search for this kind was made lately: then asking the connected peers is enough. */
  readonly isAgain: boolean;
  /** Notes how it ended; `unknown` where it was not finished. To be called once. */
  readonly end: (outcome: "found" | "vain" | "unknown") => void;
}

/** A search that may not begin now. */
interface SparedSearch {
  readonly waitMs: number;
}

interface Kind {
  readonly query: PeerQuery;
  /** Searches in vain since the last node that fits came. */
  times: number;
  /** Until when there is no further one, on the monotonic clock. */
  untilMs: number;
  /** Before this time a search is no whole one. */
  wholeMs: number;
  running: number;
}

/**
 * Remembers for which kinds of nodes the network was searched in vain, so that the next request for them does not search
 * it again.
 *
 *     first request ─► search ── in vain ─► pause 2 s ─► one more search ── in vain ─► pause 4 s ─► … 8 s
 *          ▲ all who come meanwhile share it                                              │
 *          └──────────── a node that fits answers, or nobody asks for a minute ◄──────────┘
 *
 * Searches of all kinds together have a budget, and a small one beside it is for users who had none lately: who walks through
 * a list of kinds does not take the network from others.
 *
 * Planning comes first, so a node that is known already serves a request whatever is remembered here.
 */
export class SearchMemory {
  readonly #clock: Clock;
  readonly #budget = new TokenBucket({
    perSecond: DISPATCH_LIMITS.searchesPerSecond.value,
    burst: DISPATCH_LIMITS.searchesAtOnce.value,
  });
  /** For users without recent searches, beyond the budget. */
  readonly #quietBudget = new TokenBucket({
    perSecond: DISPATCH_LIMITS.quietSearchesPerSecond.value,
    burst: DISPATCH_LIMITS.quietSearchesAtOnce.value,
  });
  /** When each user last had a search begin, the one who waits longest first. */
  readonly #users = new LruMap<string, number>({ most: DISPATCH_LIMITS.searchingUsers.value });
  /** By query and hops; the one that failed longest ago first. */
  readonly #kinds = new LruMap<string, Kind>({ most: DISPATCH_LIMITS.vainSearches.value });
  #begun = 0;
  #vain = 0;
  #spared = 0;

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** Counts since the client started. */
  get counts(): SearchReport {
    return { begun: this.#begun, vain: this.#vain, spared: this.#spared };
  }

  /** How many kinds are remembered. */
  get size(): number {
    return this.#kinds.size;
  }

  /** Asks for a search for nodes that fit `query`, for circuits of `hops` nodes; `user` is "" for requests without a user. */
  begin(query: PeerQuery, hops: number, user: string): Search | SparedSearch {
    const key = JSON.stringify([query, hops]);
    const nowMs = this.#clock.monotonicMs();
    const kind = this.#held(key, nowMs) ?? { query, times: 0, untilMs: nowMs, wholeMs: nowMs, running: 0 };
    const isJoining = kind.times === 0 && kind.running > 0;
    const waitMs = isJoining ? 0 : this.#waitMs(kind, user, nowMs);
    if (waitMs > 0) {
      this.#spared += 1;
      return { waitMs };
    }
    const isAgain = nowMs < kind.wholeMs;
    if (!isJoining) {
      this.#begun += 1;
      if (!isAgain) kind.wholeMs = nowMs + DISPATCH_LIMITS.wholeSearchMs.value;
    }
    kind.running += 1;
    this.#keep(key, kind);
    return { isAgain, end: (outcome) => this.#ended(key, kind, outcome) };
  }

  /** Notes that `peer` can be used from now on: kinds that it fits are searched for again at once. */
  noteNode(peer: KnownPeer): void {
    for (const kind of this.#kinds.values()) {
      if (kind.times === 0 || !fitsQuery(peer, kind.query)) continue;
      kind.times = 0;
      kind.untilMs = this.#clock.monotonicMs();
    }
  }

  #waitMs({ untilMs, running }: Kind, user: string, nowMs: number): number {
    if (nowMs < untilMs) return untilMs - nowMs;
    // One request waits for a further search; it may take seconds, and the others have their answer.
    if (running > 0) return DISPATCH_LIMITS.vainPauseMs.value;
    const lastMs = this.#users.get(user) ?? Number.NEGATIVE_INFINITY;
    const isQuiet = nowMs - lastMs >= DISPATCH_LIMITS.quietUserMs.value;
    if (!this.#budget.tryTake(nowMs) && !(isQuiet && this.#quietBudget.tryTake(nowMs)))
      return 1_000 / DISPATCH_LIMITS.searchesPerSecond.value;
    this.#users.set(user, nowMs);
    return 0;
  }

  #ended(key: string, kind: Kind, outcome: "found" | "vain" | "unknown"): void {
    kind.running -= 1;
    const nowMs = this.#clock.monotonicMs();
    if (outcome === "found" || (outcome === "unknown" && kind.times === 0 && kind.running === 0)) {
      if (this.#kinds.get(key) === kind) this.#kinds.delete(key);
      return;
    }
    // Requests that shared one search count once.
    if (outcome === "unknown" || nowMs < kind.untilMs) return;
    const { vainPauseMs, vainPauseMaxMs } = DISPATCH_LIMITS;
    kind.untilMs = nowMs + Math.min(vainPauseMs.value * 2 ** kind.times, vainPauseMaxMs.value);
    kind.times += 1;
    this.#vain += 1;
    this.#keep(key, kind);
  }

  #held(key: string, nowMs: number): Kind | undefined {
    const kind = this.#kinds.get(key);
    if (kind === undefined || kind.running > 0) return kind;
    if (nowMs - kind.untilMs < DISPATCH_LIMITS.vainForgetMs.value) return kind;
    this.#kinds.delete(key);
    return undefined;
  }

  #keep(key: string, kind: Kind): void {
    this.#kinds.set(key, kind);
  }
}
