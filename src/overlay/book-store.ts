import { BywayError } from "../core/errors.ts";
import { LruMap } from "../rate/lru-map.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { type DatastoreKey, type DatastorePair, MemoryDatastore } from "./memory-datastore.ts";

/** libp2p's address book: the peers that it heard of, of which it would forget none by itself. The longest unused goes. */
export class BookStore extends MemoryDatastore {
  readonly #pairs: LruMap<string, DatastorePair>;

  constructor(most: number = OVERLAY_LIMITS.bookPeers.value) {
    super();
    this.#pairs = new LruMap({ most });
  }

  get size(): number {
    return this.#pairs.size;
  }

  override put(key: DatastoreKey, value: Uint8Array): DatastoreKey {
    // Addresses that strangers tell of one peer add up; its own list replaces them.
    if (value.length > OVERLAY_LIMITS.bookPeerBytes.value) {
      throw new BywayError("ERR_DIRECTORY_MESSAGE", "too many addresses of one peer");
    }
    const path = key.toString();
    this.#pairs.set(path, { key, value });
    return key;
  }

  override delete(key: DatastoreKey): void {
    this.#pairs.delete(key.toString());
  }

  /** Whether a path is kept, without counting as a use. */
  keeps(path: string): boolean {
    return this.#pairs.has(path);
  }

  protected override find(path: string): DatastorePair | undefined {
    const pair = this.#pairs.get(path);
    if (pair === undefined) return undefined;
    this.#pairs.set(path, pair);
    return pair;
  }

  protected override below(prefix: string): Iterable<DatastorePair> {
    return [...this.#pairs.values()].filter(({ key }) => key.toString().startsWith(prefix));
  }
}
