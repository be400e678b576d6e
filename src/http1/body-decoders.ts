import type { BodyDecoder } from "./body-decoder.ts";
import { ChunkedDecoder, type ChunkRules } from "./chunked-decoder.ts";
import type { RawHeaders } from "./fields.ts";

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
