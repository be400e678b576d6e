import { ChunkedDecoder, type ChunkRules } from "./chunked-decoder.ts";
import type { RawHeaders } from "./fields.ts";

/** Finds the end of a message's body, and what of its bytes is content. */
export interface BodyDecoder {
  /** Whether the body is over and nothing after it is a part of it. */
  readonly isDone: boolean;
  /** Whether every reader would have found the same content so far. */
  readonly isClean: boolean;
  /** The fields behind the body; whole when `isDone`. */
  readonly trailers: RawHeaders;
  /** Bytes that it keeps: of lines before chunks, and of fields behind the body. */
  readonly kept: number;
  /** Takes bytes from the start of `bytes`, gives content to `onContent` in order, and returns how many it took. */
  decode(bytes: Buffer, onContent: (content: Buffer) => void): number;
  /** Says that no more bytes come; whether the body is whole. */
  end(): boolean;
}

/** The decoder of a body that comes in chunks, has a length, or ends with its connection. */
export function bodyDecoder(
  framing: { readonly isChunked: boolean; readonly length: number | undefined },
  rules: ChunkRules,
): BodyDecoder {
  if (framing.isChunked) return new ChunkedDecoder(rules);
  return framing.length === undefined ? new UntilClose() : new FixedLength(framing.length);
}

/** A body of so many bytes; 0 for none. */
export class FixedLength implements BodyDecoder {
  readonly isClean = true;
  readonly trailers: RawHeaders = [];
  readonly kept = 0;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  decode(bytes: Buffer, onContent: (content: Buffer) => void): number {
    const taken = Math.min(this.#left, bytes.length);
    if (taken === 0) return 0;
    this.#left -= taken;
    onContent(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    return taken;
  }

  end(): boolean {
    return this.isDone;
  }
}

/** A body that is over when its connection is. */
class UntilClose implements BodyDecoder {
  readonly isClean = false;
  readonly trailers: RawHeaders = [];
  readonly kept = 0;
  isDone = false;

  decode(bytes: Buffer, onContent: (content: Buffer) => void): number {
    if (bytes.length > 0) onContent(bytes);
    return bytes.length;
  }

  end(): boolean {
    this.isDone = true;
    return true;
  }
}
