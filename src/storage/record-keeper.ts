import type { JsonValue } from "../core/errors.ts";

/**
 * Keeps JSON values by kind and key, over restarts where it is a file. Each kind belongs to one owner, which bounds how
 * many keys it has. Values must not be changed once they were handed in.
 */
export interface RecordKeeper {
  /** All values of one kind, in no order that means anything. Read it to its end before anything is put or removed. */
  load(kind: string): Iterable<readonly [key: string, value: JsonValue]>;
  put(kind: string, key: string, value: JsonValue): void;
  remove(kind: string, key: string): void;
}

/** Records that are gone with the process. */
export class MemoryRecords implements RecordKeeper {
  readonly #kinds = new Map<string, Map<string, JsonValue>>();

  *load(kind: string): Generator<readonly [key: string, value: JsonValue]> {
    yield* this.#kinds.get(kind) ?? [];
  }

  put(kind: string, key: string, value: JsonValue): void {
    const values = this.#kinds.get(kind) ?? new Map<string, JsonValue>();
    values.set(key, value);
    this.#kinds.set(kind, values);
  }

  remove(kind: string, key: string): void {
    this.#kinds.get(kind)?.delete(key);
  }
}
