import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { subnetPrefix } from "../geo/network-prefix.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import type { AskedHop, LocatedHop } from "../link/locate-hop.ts";
import { waysOf } from "../link/way-kinds.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { openAdvertisement } from "../peers/signed-advertisement.ts";
import { LruMap } from "../rate/lru-map.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";
import { SearchPace } from "./search-pace.ts";

/** What locating takes. */
export interface HopLocatorComponents {
  readonly clock: Clock;
  readonly book: Pick<PeerBook, "add" | "get">;
  /** Asks others about one peer and puts what they say into the book. Throws the abort reason. */
  readonly find: (peer: string, signal: AbortSignal) => Promise<unknown>;
}

/** Whose hops these are. */
export interface HopLocatorOptions {
  /** This node's own peer id: it is no next hop of its own. */
  readonly self: () => string | undefined;
  readonly localNetwork: boolean;
}

/** A question to others about one peer, and how many wait for what it brings. */
interface Search {
  readonly done: Promise<void>;
  readonly ending: AbortController;
  waiting: number;
}

/**
 * Where a relay's next hops are reached, by what this node itself knows.
 *
 *     request ─► shown? ─► into the book ─► known? ─► ways
 *                                             └─ no ─► ask others ─► known? ─► ways, or ERR_HOP_UNKNOWN
 *
 * What a request shows goes into the book first, by the book's rules, so that all who ask are sent to the same place:
 * a peer cannot tell by the endpoint whom it was that asked.
 */
export class HopLocator {
  readonly #components: HopLocatorComponents;
  readonly #options: HopLocatorOptions;
  /** By peer: all who wait for the same one share a search. */
  readonly #searches = new Map<string, Search>();
  readonly #places = new Semaphore({
    most: DISCOVERY_LIMITS.locating.value,
    mostPerKey: DISCOVERY_LIMITS.locatingPerNetwork.value,
  });
  readonly #pace: SearchPace;
  /** Peers that nobody knew, and until when they are not asked for again (monotonic); the longest unknown first. */
  readonly #unknownUntilMs = new LruMap<string, number>({ most: DISCOVERY_LIMITS.unknownPeers.value });
  #isStopped = false;

  constructor(components: HopLocatorComponents, options: HopLocatorOptions) {
    this.#components = components;
    this.#options = options;
    this.#pace = new SearchPace(components);
  }

  /** How many peers are remembered as unknown. */
  get unknown(): number {
    return this.#unknownUntilMs.size;
  }

  /**
   * Where a peer is. Throws ERR_HOP_UNKNOWN, ERR_ADVERTISEMENT_* for what is shown, ERR_STREAM_LIMIT when too many peers are
   * looked for at once, or the abort reason. A search ends with the last one who waits for it.
   */
  async locate({ peerId, shown, askerAddress }: AskedHop, signal: AbortSignal): Promise<LocatedHop> {
    if (peerId === this.#options.self()) throw new BywayError("ERR_HOP_UNKNOWN", "this node is no next hop of its own");
    const taken = shown === undefined ? undefined : this.#take(peerId, shown);
    const held = this.#held(peerId) ?? taken;
    if (held !== undefined) return held;
    await this.#search(peerId, askerAddress, signal);
    const found = this.#held(peerId);
    if (found === undefined) throw unknown(peerId);
    return found;
  }

  /** Ends the searches under way. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const searches = [...this.#searches.values()];
    for (const { ending } of searches) ending.abort(stopped());
    await Promise.allSettled(searches.map(({ done }) => done));
  }

  #held(peerId: string): LocatedHop | undefined {
    const held = this.#components.book.get(peerId);
    return held && { ways: waysOf(held.advertisement) };
  }

  /** Takes what a request shows into the book, where there is room; says what is in it. */
  #take(peerId: string, shown: Uint8Array): LocatedHop {
    const { clock, book } = this.#components;
    const { localNetwork } = this.#options;
    const advertisement = openAdvertisement(shown, { nowMs: clock.nowMs(), localNetwork });
    if (advertisement.peer !== peerId) {
      throw new BywayError("ERR_HOP_UNKNOWN", "the advertisement is of another peer");
    }
    try {
      book.add(shown, { kind: "link" });
    } catch (cause) {
      const error = toBywayError(cause);
      if (!HARMLESS.has(error.code)) throw error;
    }
    return { ways: waysOf(advertisement) };
  }

  async #search(peerId: string, askerAddress: string, signal: AbortSignal): Promise<void> {
    if ((this.#unknownUntilMs.get(peerId) ?? 0) > this.#components.clock.monotonicMs()) throw unknown(peerId);
    const search = this.#searches.get(peerId) ?? this.#begin(peerId, askerAddress);
    search.waiting += 1;
    try {
      await withAbort(search.done, signal);
    } finally {
      search.waiting -= 1;
      if (search.waiting === 0)
        this.#end(peerId, search, new BywayError("ERR_ABORTED", "nobody waits for it any more"));
    }
  }

  #begin(peerId: string, askerAddress: string): Search {
    if (this.#isStopped) throw stopped();
    const ending = new AbortController();
    const busy = new BywayError("ERR_STREAM_LIMIT", "this relay looks for too many nodes at once");
    const network = subnetPrefix(askerAddress) ?? "";
    if (!this.#pace.allows(network)) throw busy;
    const release = this.#places.tryAcquire(network, () => this.#end(peerId, search, busy));
    if (release === undefined) throw busy;
    const done = this.#askOthers(peerId, network, ending.signal).finally(() => {
      release();
      this.#end(peerId, search, busy);
    });
    done.catch(() => {});
    const search: Search = { done, ending, waiting: 0 };
    this.#searches.set(peerId, search);
    return search;
  }

  /** Ends a search; whoever comes now begins a new one. */
  #end(peerId: string, search: Search, reason: BywayError): void {
    if (this.#searches.get(peerId) === search) this.#searches.delete(peerId);
    search.ending.abort(reason);
  }

  async #askOthers(peerId: string, network: string, ending: AbortSignal): Promise<void> {
    const { clock, find, book } = this.#components;
    const late = new BywayError("ERR_HOP_UNKNOWN", "no peer said in time where the next hop is");
    using bound = deadline(clock, DISCOVERY_LIMITS.locateMs.value, () => late, ending);
    try {
      await find(peerId, bound.signal);
    } catch (error) {
      if (error !== late) throw error;
    } finally {
      // One that was ended has asked others as well.
      if (book.get(peerId) === undefined) this.#pace.noteFailure(network);
    }
    if (book.get(peerId) === undefined) this.#rememberUnknown(peerId);
  }

  #rememberUnknown(peerId: string): void {
    this.#unknownUntilMs.set(peerId, this.#components.clock.monotonicMs() + DISCOVERY_LIMITS.unknownMs.value);
  }
}

/** Why the book may not take what is shown, though the peer did nothing wrong: it holds a newer one, or has no room. */
const HARMLESS: ReadonlySet<string> = new Set(["ERR_ADVERTISEMENT_OLD", "ERR_ADVERTISEMENT_QUOTA", "ERR_STORE"]);

function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the directory stops");
}

function unknown(peerId: string): BywayError {
  return new BywayError("ERR_HOP_UNKNOWN", `no peer that this relay can ask knows ${shortPeerId(peerId)}`);
}
