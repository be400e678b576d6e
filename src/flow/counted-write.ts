import type { ByteCount } from "./meter.ts";

/** Called when a write has left, or with the error for which it did not. */
export type WriteDone = (error?: Error | null) => void;

/** As many are kept for the next writes; more under way at once are left to the garbage collector. */
const MOST_KEPT = 1_024;

/**
 * One write under way, of which the bytes count once it has left.
 *
 * Used again and again, since a stream may write thousands a second: so a chunk makes no garbage. Node calls what a write is done with
 * once, and in that call the write is free again.
 */
export class CountedWrite {
  static readonly #free: CountedWrite[] = [];
  #count: ByteCount | undefined;
  #bytes = 0;
  #release: (() => void) | undefined;
  readonly #done: WriteDone = (error) => {
    const count = this.#count;
    const release = this.#release;
    if (count === undefined) return;
    this.#count = undefined;
    this.#release = undefined;
    if (error === undefined || error === null) count.add(this.#bytes);
    if (CountedWrite.#free.length < MOST_KEPT) CountedWrite.#free.push(this);
    release?.();
  };

  /** What a write of `bytes` is to call when it is done, which then calls `release`. */
  static begin(count: ByteCount, bytes: number, release: (() => void) | undefined): WriteDone {
    const write = CountedWrite.#free.pop() ?? new CountedWrite();
    write.#count = count;
    write.#bytes = bytes;
    write.#release = release;
    return write.#done;
  }
}
