import { Readable } from "node:stream";
import { JoinedBytes } from "./joined-bytes.ts";
import { FLOW_LIMITS } from "./limits.ts";

const BUFFERED = Object.getOwnPropertyDescriptor(Readable.prototype, "readableLength");

/**
 * Joins what arrives on a stream while nobody reads it.
 *
 * The first chunk wakes the reader as ever. What follows before the reader asks is copied into blocks, so that the memory
 * of what waits goes by its bytes and not by the number of chunks: a peer may send a byte at a time. The stream counts the
 * block as its own in `readableLength`, and any `read` finds it there.
 *
 *     arrives ─► nothing waits, or the reader asked for more than there is ─► buffer of the stream
 *        └─────► block ─── full, read, flowing, or the stream ends ───────────────┘
 */
export class WaitingBytes {
  readonly #stream: Readable;
  readonly #push: (chunk: unknown) => boolean;
  readonly #joined = new JoinedBytes();
  /** The reader asked for more bytes than there were; it may have, before this was made. */
  #isHungry = true;
  #isBehindSmall = false;

  /** `push` is what the stream had for `push` before; `read` and `readableLength` of the stream are replaced. */
  constructor(stream: Readable, push: (chunk: unknown) => boolean) {
    this.#stream = stream;
    this.#push = push;
    const read = stream.read;
    stream.read = (size?: number): unknown => {
      // Node calls `read(0)` by itself while there is room.
      if (size === 0) return read.call(stream, size);
      this.flush();
      const found: unknown = read.call(stream, size);
      if (found === null) this.#isHungry = true;
      return found;
    };
    const joined = this.#joined;
    const length = (): number => Number(BUFFERED?.get?.call(stream)) + joined.length;
    Object.defineProperty(stream, "readableLength", { get: length, configurable: true });
  }

  /** Takes what arrives on a stream that does not flow; false when the far side is to send no more for now. */
  add(chunk: Uint8Array): boolean {
    const isWaiting = this.#stream.readableLength > 0 && !this.#isHungry;
    const isBehindSmall = this.#isBehindSmall;
    this.#isBehindSmall = chunk.length < FLOW_LIMITS.smallChunkBytes.value;
    // A large chunk, and the rest of its frame behind it, cost little more than their bytes.
    if (!isWaiting || !this.#isBehindSmall || !isBehindSmall) {
      this.#isHungry = false;
      this.flush();
      return this.#push(alone(chunk));
    }
    if (!this.#joined.add(chunk)) {
      this.flush();
      if (!this.#joined.add(chunk)) return this.#push(alone(chunk));
    }
    return this.#stream.readableLength < this.#stream.readableHighWaterMark;
  }

  /** Hands the block to the stream's own buffer. */
  flush(): void {
    if (this.#joined.length > 0) this.#push(this.#joined.take());
  }
}

/** A chunk is a part of what one read of the connection brought, and would keep all of that in memory while it waits. */
export function alone(chunk: Uint8Array): Uint8Array {
  return 2 * chunk.length < chunk.buffer.byteLength ? Uint8Array.prototype.slice.call(chunk) : chunk;
}
