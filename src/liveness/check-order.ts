import type { Random } from "../core/random.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import { crowdOf } from "../peers/crowd-of.ts";
import { fitsQuery } from "../peers/fits-query.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import type { Nominations } from "../peers/nominations.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { spread } from "../peers/spread.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/** What an order is made of. */
export interface CheckOrderComponents {
  readonly random: Random;
  readonly book: Pick<PeerBook, "find" | "get">;
  readonly nominations: Nominations;
}

type Source = "reached" | "named" | "any";

/**
 * Turns in which places are given. Whoever claims addresses where nobody answers can fill the book, but neither the peers
 * that this one reached nor, but for their share, the names that others give.
 */
const TURNS: readonly Source[] = ["named", "reached", "named", "any"];
const OTHERS: Readonly<Record<Source, readonly Source[]>> = {
  reached: ["reached", "named", "any"],
  named: ["named", "reached", "any"],
  any: ["any", "named", "reached"],
};

/** Decides which known peers are tried first: those that answered before, those that others name, and then any. */
export class CheckOrder {
  readonly #components: CheckOrderComponents;
  #turn = 0;

  constructor(components: CheckOrderComponents) {
    this.#components = components;
  }

  /** At most `count` peers that fit and that `except` is false for. */
  draw(query: PeerQuery, count: number, except: (peer: string) => boolean): readonly BookPeer[] {
    return this.#draw(query, count, except, () => {
      this.#turn += 1;
      return TURNS[this.#turn % TURNS.length] ?? "any";
    });
  }

  /** At most `count` peers that are most likely to answer: to ask them, which takes long where nobody does. */
  likely(count: number): readonly BookPeer[] {
    return this.#draw(
      {},
      count,
      () => false,
      () => "reached",
    );
  }

  #draw(query: PeerQuery, count: number, except: (peer: string) => boolean, turn: () => Source): readonly BookPeer[] {
    const drawn = new Map<string, BookPeer>();
    const isOut = (peer: string): boolean => drawn.has(peer) || except(peer);
    const rows: Partial<Record<Source, BookPeer[]>> = {};
    const next = (source: Source): BookPeer | undefined => {
      if (source === "named") return this.#named(query, isOut);
      const row =
        rows[source] ?? (source === "reached" ? this.#reached(query, count, isOut) : this.#any(query, count, isOut));
      rows[source] = row;
      let peer = row.shift();
      while (peer !== undefined && drawn.has(peer.advertisement.peer)) peer = row.shift();
      return peer;
    };
    while (drawn.size < count) {
      const peer = firstOf(OTHERS[turn()], next);
      if (peer === undefined) break;
      drawn.set(peer.advertisement.peer, peer);
    }
    return [...drawn.values()];
  }

  #named(query: PeerQuery, isOut: (peer: string) => boolean): BookPeer | undefined {
    const { book, nominations } = this.#components;
    return nominations.next((peer) => {
      if (isOut(peer)) return undefined;
      const known = book.get(peer);
      if (known === undefined || known.failures >= PEERS_LIMITS.unreachableAfter.value) return undefined;
      return fitsQuery(known, query) ? known : undefined;
    });
  }

  /** Those that answered lately, chance deciding which of them. */
  #reached(query: PeerQuery, count: number, isOut: (peer: string) => boolean): BookPeer[] {
    const known = this.#components.book.find(query, LIVENESS_LIMITS.reachedDrawn.value, "answered");
    return this.#spread(known, count, isOut);
  }

  #any(query: PeerQuery, count: number, isOut: (peer: string) => boolean): BookPeer[] {
    const known = this.#components.book.find(query, Math.max(PEERS_LIMITS.drawnFrom.value, count * 4), "random");
    return this.#spread(known, count, isOut);
  }

  #spread(known: readonly BookPeer[], limit: number, isOut: (peer: string) => boolean): BookPeer[] {
    const free = known.filter(({ advertisement }) => !isOut(advertisement.peer));
    return [...spread(free, { limit, random: this.#components.random, groupsOf: crowdOf })];
  }
}

function firstOf<T>(sources: readonly Source[], next: (source: Source) => T | undefined): T | undefined {
  for (const source of sources) {
    const found = next(source);
    if (found !== undefined) return found;
  }
  return undefined;
}
