import { forgetOldest } from "../core/forget-oldest.ts";

/**
 * A map of at most `most` entries. When there are more, the one that was set longest ago is forgotten; `get` does not count as
 * use. Iterates in that order. Each call takes constant time.
 */
export class LruMap<Key, Value> extends Map<Key, Value> {
  readonly #most: number;

  constructor({ most }: { readonly most: number }) {
    super();
    this.#most = most;
  }

  /** Sets a value, which makes its entry the newest. */
  override set(key: Key, value: Value): this {
    this.delete(key);
    super.set(key, value);
    forgetOldest(this, this.#most);
    return this;
  }
}
