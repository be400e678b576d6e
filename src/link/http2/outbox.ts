import { HTTP2_LIMITS } from "./limits.ts";

// Read for each frame.
const SLAB_BYTES = HTTP2_LIMITS.slabBytes.value;

/**
 * Bytes that leave with the next write, in their order: frames that are written into memory of its own, and payloads that go
 * out as they are, without a copy.
 *
 * Its memory is filled with zeros and never used twice: bytes of one frame or user cannot leave with another's.
 */
export class Outbox {
  /** Where frames are written: `const at = reserve(most)`, write at `at`, `commit(end)`. */
  memory: Buffer = Buffer.alloc(0);
  #from = 0;
  #at = 0;
  #pieces: Buffer[] = [];
  #bytes = 0;

  /** Bytes that wait for `take`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Makes room for `most` bytes; returns the offset in `memory` at which to write them. */
  reserve(most: number): number {
    if (this.#at + most > this.memory.length) {
      this.#seal();
      this.memory = Buffer.alloc(Math.max(most, SLAB_BYTES));
      this.#from = 0;
      this.#at = 0;
    }
    return this.#at;
  }

  /** Adds what was written from the reserved offset up to `end`. */
  commit(end: number): void {
    this.#bytes += end - this.#at;
    this.#at = end;
  }

  /** Adds a copy of `payload[start, end)`. */
  copy(payload: Buffer, start: number, end: number): void {
    const at = this.reserve(end - start);
    payload.copy(this.memory, at, start, end);
    this.commit(at + end - start);
  }

  /** Adds `payload` as it is. Its memory must stay as it is until the write is over. */
  attach(payload: Buffer): void {
    this.#seal();
    this.#pieces.push(payload);
    this.#bytes += payload.length;
  }

  /** Hands over all pieces. */
  take(): readonly Buffer[] {
    this.#seal();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #seal(): void {
    if (this.#at === this.#from) return;
    this.#pieces.push(this.memory.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
