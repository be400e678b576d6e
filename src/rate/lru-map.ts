import { forgetOldest } from "../core/forget-oldest.ts";

/**
 * A map of at most `most` entries. When there are more, the one that was set longest ago is forgotten; `get` does not count as
 * use. Iterates in that order. Each call takes constant time.
 */
export class LruMap<Key, Value> {
  readonly #most: number;
  readonly #entries = new Map<Key, Value>();

  constructor({ most }: { readonly most: number }) {
    this.#most = most;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Sets a value, which makes its entry the newest. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    forgetOldest(this.#entries, this.#most);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  /** Oldest first. Entries may be deleted meanwhile. */
  [Symbol.iterator](): Iterator<[Key, Value]> {
    return this.#entries[Symbol.iterator]();
  }
}
