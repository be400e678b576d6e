interface Entry<V> {
  readonly value: V;
  readonly crowd: string;
}

/**
 * Values of strangers, bounded in number, in which no crowd can push out another: when it is full, the oldest value of
 * the crowd that has most goes. So a crowd from one network fills at most what nobody else asks for.
 */
export class FairStore<V> {
  readonly #most: number;
  readonly #entries = new Map<string, Entry<V>>();
  /** The keys of each crowd, oldest first. */
  readonly #crowds = new Map<string, Set<string>>();
  /** The crowds by how many keys they have, so that the largest is found at once however many there are. */
  readonly #bySize: Set<string>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key)?.value;
  }

  values(): Iterable<V> {
    return [...this.#entries.values()].map(({ value }) => value);
  }

  /** Keeps `value` for `crowd` and returns the key that had to go for it, which may be `key` itself. */
  set(key: string, value: V, crowd: string): string | undefined {
    this.delete(key);
    this.#entries.set(key, { value, crowd });
    const keys = this.#crowds.get(crowd) ?? new Set();
    this.#crowds.set(crowd, keys);
    this.#resize(crowd, keys, () => keys.add(key));
    if (this.#entries.size <= this.#most) return undefined;
    const [largest] = this.#bySize.at(-1) ?? [];
    const [oldest] = this.#crowds.get(largest ?? crowd) ?? [];
    if (oldest !== undefined) this.delete(oldest);
    return oldest;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    const keys = this.#crowds.get(entry?.crowd ?? "");
    if (entry === undefined || keys === undefined) return;
    this.#entries.delete(key);
    this.#resize(entry.crowd, keys, () => keys.delete(key));
    if (keys.size === 0) this.#crowds.delete(entry.crowd);
  }

  #resize(crowd: string, keys: Set<string>, change: () => void): void {
    this.#bySize[keys.size]?.delete(crowd);
    change();
    while (this.#bySize.length <= keys.size) this.#bySize.push(new Set());
    if (keys.size > 0) this.#bySize[keys.size]?.add(crowd);
    while (this.#bySize.at(-1)?.size === 0) this.#bySize.pop();
  }
}
