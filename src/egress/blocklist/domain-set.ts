import { finishHash, type HashSeed, hashTag, mixCharacter } from "./name-hash.ts";
import type { NamePages } from "./name-pages.ts";
import type { Steps } from "./steps.ts";

const DOT = 46;
const LONGEST_NAME = 253;
const NAMES_A_STEP = 256;

/**
 * A set of names, each for itself or with all names below it. Exact; never changes.
 *
 * About 30 bytes a name: the name itself in `NamePages`, and an open hash table of places with a byte of the hash before
 * each, so that a name that is not there costs no look at the pages. One pass over the asked name, from its end, gives the
 * hashes of all its parents.
 */
export class DomainSet {
  readonly #pages: NamePages;
  readonly #seed: HashSeed;
  readonly #tags: Uint8Array;
  readonly #places: Uint32Array;
  /** 1 where a name of that length is in the set. */
  readonly #lengths = new Uint8Array(LONGEST_NAME + 1);
  #size = 0;

  private constructor(pages: NamePages, seed: HashSeed, slots: number) {
    this.#pages = pages;
    this.#seed = seed;
    this.#tags = new Uint8Array(slots);
    this.#places = new Uint32Array(slots);
  }

  /** The set of all names in `pages`, which the set then owns; `count` is how many there are at most. */
  static *of(pages: NamePages, count: number, seed: HashSeed): Steps<DomainSet> {
    const set = new DomainSet(pages, seed, 2 ** Math.ceil(Math.log2(Math.max(2, count * 1.5))));
    let names = 0;
    for (const place of pages.places()) {
      set.#put(place);
      names += 1;
      if (names % NAMES_A_STEP === 0) yield;
    }
    return set;
  }

  /** How many different names it has. */
  get size(): number {
    return this.#size;
  }

  /** What it takes in memory. */
  get bytes(): number {
    return this.#pages.bytes + this.#tags.length + this.#places.byteLength;
  }

  /** The name of the set that `name` (lower-case ASCII without trailing dot) is, or is below; the widest where several are. */
  find(name: string): string | undefined {
    if (this.#size === 0) return undefined;
    let hash = this.#seed[0];
    const least = Math.max(0, name.length - LONGEST_NAME);
    for (let from = name.length - 1; from >= least; from -= 1) {
      hash = mixCharacter(hash, name.charCodeAt(from));
      if (from > 0 && name.charCodeAt(from - 1) !== DOT) continue;
      if (this.#lengths[name.length - from] !== 1) continue;
      const slot = this.#slotOf(finishHash(hash, this.#seed), name, from);
      if (this.#tags[slot] === 0) continue;
      if (from === 0 || this.#pages.countsBelow(this.#places[slot] ?? 0)) return name.slice(from);
    }
    return undefined;
  }

  #put(place: number): void {
    const name = this.#pages.nameAt(place);
    let state = this.#seed[0];
    for (let i = name.length - 1; i >= 0; i -= 1) state = mixCharacter(state, name.charCodeAt(i));
    const hash = finishHash(state, this.#seed);
    const slot = this.#slotOf(hash, name, 0);
    if (this.#tags[slot] !== 0) {
      if (this.#pages.countsBelow(place)) this.#pages.widen(this.#places[slot] ?? 0);
      return;
    }
    this.#tags[slot] = hashTag(hash);
    this.#places[slot] = place;
    this.#lengths[name.length] = 1;
    this.#size += 1;
  }

  /** The slot of what `name` has from `from` on, or the empty one where it would be. */
  #slotOf(hash: number, name: string, from: number): number {
    const mask = this.#tags.length - 1;
    const tag = hashTag(hash);
    let slot = hash & mask;
    for (;;) {
      const found = this.#tags[slot];
      if (found === 0) return slot;
      if (found === tag && this.#pages.isEnd(this.#places[slot] ?? 0, name, from)) return slot;
      slot = (slot + 1) & mask;
    }
  }
}
