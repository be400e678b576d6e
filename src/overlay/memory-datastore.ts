import { NotFoundError } from "@libp2p/interface";
import type { kadDHT } from "@libp2p/kad-dht";
import { BywayError } from "../core/errors.ts";

/** Where libp2p keeps things by key. */
export type Datastore = Parameters<ReturnType<typeof kadDHT>>[0]["datastore"];
/** A path of libp2p's, such as `/peers/bafz…`. */
export type DatastoreKey = Parameters<Datastore["get"]>[0];
/** A key and its bytes. */
export interface DatastorePair {
  readonly key: DatastoreKey;
  readonly value: Uint8Array;
}
type Query = Parameters<Datastore["query"]>[0];
type KeyQuery = Parameters<Datastore["queryKeys"]>[0];

/** What is alike in all datastores that live in memory; those that extend it decide what they keep. */
export abstract class MemoryDatastore implements Datastore {
  abstract put(key: DatastoreKey, value: Uint8Array): DatastoreKey;
  abstract delete(key: DatastoreKey): void;
  /** The pair of a path, or undefined. */
  protected abstract find(path: string): DatastorePair | undefined;
  /** All pairs below a path. */
  protected abstract below(prefix: string): Iterable<DatastorePair>;

  get(key: DatastoreKey): Uint8Array {
    const pair = this.find(key.toString());
    if (pair === undefined) throw new NotFoundError();
    return pair.value;
  }

  has(key: DatastoreKey): boolean {
    return this.find(key.toString()) !== undefined;
  }

  *query({ prefix = "", filters = [], limit = Number.POSITIVE_INFINITY }: Query): Generator<DatastorePair> {
    let left = limit;
    for (const pair of this.below(prefix)) {
      if (left <= 0) return;
      if (!filters.every((filter) => filter(pair))) continue;
      left -= 1;
      yield pair;
    }
  }

  *queryKeys({ prefix = "" }: KeyQuery): Generator<DatastoreKey> {
    for (const { key } of this.below(prefix)) yield key;
  }

  async *putMany(source: Iterable<DatastorePair> | AsyncIterable<DatastorePair>): AsyncGenerator<DatastoreKey> {
    for await (const { key, value } of source) yield this.put(key, value);
  }

  async *getMany(source: Iterable<DatastoreKey> | AsyncIterable<DatastoreKey>): AsyncGenerator<DatastorePair> {
    for await (const key of source) yield { key, value: this.get(key) };
  }

  async *deleteMany(source: Iterable<DatastoreKey> | AsyncIterable<DatastoreKey>): AsyncGenerator<DatastoreKey> {
    for await (const key of source) {
      this.delete(key);
      yield key;
    }
  }

  batch(): never {
    throw new BywayError("ERR_INTERNAL", "nothing writes to this store in batches");
  }
}
