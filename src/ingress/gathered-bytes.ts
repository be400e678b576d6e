const EMPTY = Buffer.alloc(0);

/** Bytes that came in chunks and wait as one piece. The room doubles, as a peer may say a byte at a time. */
export class GatheredBytes {
  #bytes: Buffer = EMPTY;
  /** Memory of its own in which `#bytes` lies, once several chunks came. */
  #room: Buffer = EMPTY;

  get length(): number {
    return this.#bytes.length;
  }

  /** What waits; valid until the next call. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Adds bytes at the end. The first ones are not copied. */
  push(chunk: Buffer): void {
    if (this.#bytes.length === 0) {
      this.#bytes = chunk;
      return;
    }
    const used = this.#bytes.length;
    const start = this.#bytes.byteOffset - this.#room.byteOffset;
    const isOwn = this.#room.length > 0 && this.#bytes.buffer === this.#room.buffer;
    if (isOwn && start + used + chunk.length <= this.#room.length) {
      chunk.copy(this.#room, start + used);
      this.#bytes = this.#room.subarray(start, start + used + chunk.length);
      return;
    }
    this.#move(Math.max(1_024, 2 * (used + chunk.length)));
    chunk.copy(this.#room, used);
    this.#bytes = this.#room.subarray(0, used + chunk.length);
  }

  /** Drops bytes from the start. */
  skip(length: number): void {
    this.#bytes = this.#bytes.subarray(length);
    if (this.#bytes.length === 0) this.#clear();
  }

  /** A small rest of a large read would keep all of it in memory for as long as it waits. */
  fit(): void {
    if (this.#bytes.length > 0 && 4 * this.#bytes.length < this.#bytes.buffer.byteLength)
      this.#move(this.#bytes.length);
  }

  /** Takes all bytes out; the caller owns them. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#clear();
    return bytes;
  }

  #clear(): void {
    this.#bytes = EMPTY;
    this.#room = EMPTY;
  }

  #move(room: number): void {
    const moved = Buffer.allocUnsafeSlow(room);
    this.#bytes.copy(moved);
    this.#room = moved;
    this.#bytes = moved.subarray(0, this.#bytes.length);
  }
}
