import { BywayError } from "../../core/errors.ts";

/** What a guard needs of a libp2p stream or connection: all of them have it, though their interfaces do not say so. */
interface Guarded {
  onData(data: Chunk): void;
  abort(error: Error): void;
}
type Chunk = Uint8Array | { subarray(): Uint8Array };

const LENGTH_BYTES = 3;
/** No line that is looked for is longer. */
const LINE_BYTES = 160;

/**
 * Watches the framing of what arrives. Whatever libp2p reads, from the choice of a protocol on, is a row of lengths
 * (unsigned varints) and that many bytes, until a line names a protocol whose bytes are free.
 *
 * libp2p's own reader takes a length that does not end for one that is not complete, and tries again after every byte:
 * 140 KB/s of 0xff keep a core busy. Here such a length ends the stream at its fourth byte.
 */
export class FrameGuard {
  readonly #maxBytes: number;
  readonly #freeAfter: ReadonlySet<string>;
  #free = false;
  #length = 0;
  #lengthBytes = 0;
  /** Bytes of the frame that are still to come. */
  #left = 0;
  #line: number[] = [];

  /** `maxBytes` is the longest frame; after a line of `freeAfter` nothing is looked at any more. */
  constructor(options: { maxBytes: number; freeAfter: ReadonlySet<string> }) {
    this.#maxBytes = options.maxBytes;
    this.#freeAfter = options.freeAfter;
  }

  /** Whether `chunk` may follow what came before. */
  allows(chunk: Uint8Array): boolean {
    let at = 0;
    while (!this.#free && at < chunk.length) {
      if (this.#left > 0) {
        const end = Math.min(chunk.length, at + this.#left);
        this.#read(chunk.subarray(at, end));
        at = end;
      } else {
        if (!this.#readLength(chunk[at] ?? 0)) return false;
        at += 1;
      }
    }
    return true;
  }

  #readLength(byte: number): boolean {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (byte >= 0x80) return this.#lengthBytes < LENGTH_BYTES;
    if (this.#length > this.#maxBytes) return false;
    this.#left = this.#length;
    this.#length = 0;
    this.#lengthBytes = 0;
    return true;
  }

  #read(bytes: Uint8Array): void {
    if (this.#line.length + bytes.length <= LINE_BYTES) this.#line.push(...bytes);
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    this.#free = this.#freeAfter.has(Buffer.from(this.#line).toString("latin1").trimEnd());
    this.#line = [];
  }
}

/** Puts a guard before everything that arrives on a stream or connection of libp2p's. */
export function guardFrames(target: object, guard: FrameGuard): void {
  const stream = target as Guarded;
  const take = stream.onData.bind(stream);
  stream.onData = (data) => {
    if (guard.allows(data.subarray())) take(data);
    else stream.abort(new BywayError("ERR_DIRECTORY_MESSAGE", "what arrived is not framed"));
  };
}
