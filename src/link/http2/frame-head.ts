import { FRAME_HEAD_BYTES } from "./frame-format.ts";
import { readUint31, readUint32 } from "./integers.ts";

/** The head of a frame (RFC 9113 §4.1), read from chunks that may cut it. */
export class FrameHead {
  /** Bytes of the payload. */
  length = 0;
  type = 0;
  flags = 0;
  streamId = 0;
  readonly #bytes = new Uint8Array(FRAME_HEAD_BYTES);
  #count = 0;

  /** Reads on at `chunk[at]` and returns the offset after it. The head is whole when `isWhole` says so. */
  read(chunk: Uint8Array, at: number): number {
    if (this.#count === 0 && chunk.length - at >= FRAME_HEAD_BYTES) {
      this.#parse(chunk, at);
      return at + FRAME_HEAD_BYTES;
    }
    this.#bytes[this.#count] = chunk[at] ?? 0;
    this.#count += 1;
    if (this.#count === FRAME_HEAD_BYTES) {
      this.#count = 0;
      this.#parse(this.#bytes, 0);
    }
    return at + 1;
  }

  /** Whether no byte of the head is missing. */
  get isWhole(): boolean {
    return this.#count === 0;
  }

  /** Whether a flag is set. */
  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  #parse(bytes: Uint8Array, at: number): void {
    const first = readUint32(bytes, at);
    this.length = first >>> 8;
    this.type = first & 0xff;
    this.flags = bytes[at + 4] ?? 0;
    this.streamId = readUint31(bytes, at + 5);
  }
}
