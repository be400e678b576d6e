interface Share<Holder> {
  /** All places of a key. */
  count: number;
  /** Those that may go to another, the one that has been idle longest first. */
  readonly idle: Set<Holder>;
}

/**
 * Who holds the places that many share, and which of them goes to a newcomer when all are taken: the one that has been idle
 * longest, of the key that holds most. The newcomer's key must hold fewer, also after that. So nobody shuts others
 * out by sitting on places, and no key grows beyond its fair share at the cost of others.
 *
 * A place in use goes to nobody. Each call takes the same time however many places there are; `giver` looks once at each key.
 */
export class FairShares<Holder extends object> {
  readonly #keys = new Map<Holder, string>();
  readonly #shares = new Map<string, Share<Holder>>();

  /** How many places are held. */
  get size(): number {
    return this.#keys.size;
  }

  /** How many of them `key` holds. */
  countOf(key: string): number {
    return this.#shares.get(key)?.count ?? 0;
  }

  /** Notes that `holder` holds a place for `key`. It is idle until `use` says otherwise. */
  add(key: string, holder: Holder): void {
    const share = this.#shares.get(key) ?? { count: 0, idle: new Set() };
    this.#shares.set(key, share);
    this.#keys.set(holder, key);
    share.count += 1;
    share.idle.add(holder);
  }

  /** Forgets a place that is given back; false where it was before. */
  remove(holder: Holder): boolean {
    const key = this.#keys.get(holder);
    const share = key === undefined ? undefined : this.#shares.get(key);
    if (key === undefined || share === undefined) return false;
    this.#keys.delete(holder);
    share.idle.delete(holder);
    share.count -= 1;
    if (share.count === 0) this.#shares.delete(key);
    return true;
  }

  /** Says whether a place is in use. One that no longer is has been idle for the shortest time. */
  use(holder: Holder, isInUse: boolean): void {
    const idle = this.#shares.get(this.#keys.get(holder) ?? "")?.idle;
    if (!this.#keys.has(holder)) return;
    idle?.delete(holder);
    if (!isInUse) idle?.add(holder);
  }

  /** The place of `key` that has been idle longest; undefined where all are in use. Changes nothing. */
  oldestOf(key: string): Holder | undefined {
    const [oldest] = this.#shares.get(key)?.idle ?? [];
    return oldest;
  }

  /** The place that goes to a newcomer with `key`; undefined where the newcomer has no claim to any. Changes nothing. */
  giver(key: string): Holder | undefined {
    let most = this.countOf(key) + 1;
    let largest: Set<Holder> | undefined;
    for (const { count, idle } of this.#shares.values()) {
      if (count <= most || idle.size === 0) continue;
      most = count;
      largest = idle;
    }
    const [oldest] = largest ?? [];
    return oldest;
  }
}
