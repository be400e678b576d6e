import { LINK_LIMITS } from "../../limits.ts";
import { ERROR_CODE } from "../error-code.ts";
import { Http2Error } from "../http2-error.ts";
import { decodeHuffman } from "./huffman.ts";

/** The highest value that is read: what four bytes after the prefix hold (§5.1). */
const INTEGER_BITS = LINK_LIMITS.headerIntegerBits.value;
const MOST_STRING_BYTES = LINK_LIMITS.headerBlockBytes.value;
const NONE = Buffer.alloc(0);

/** Where Huffman strings are decoded to, one at a time: a byte becomes at most 8/5. */
const decoded = Buffer.allocUnsafeSlow(Math.ceil((MOST_STRING_BYTES * 8) / 5));

/** A place in a header block, and the integers and strings that are read there (RFC 7541 §5). */
export class BlockReader {
  #bytes: Buffer = NONE;
  #at = 0;
  #end = 0;

  /** Goes to the beginning of `bytes[start, end)`, which stay the caller's. */
  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = end;
  }

  /** Lets go of the block. */
  release(): void {
    this.#bytes = NONE;
    this.#at = this.#end = 0;
  }

  /** Whether something is left. */
  get hasMore(): boolean {
    return this.#at < this.#end;
  }

  /** The next byte; throws where there is none. */
  byte(): number {
    if (this.#at >= this.#end) throw compressionError("the header block ends within a field");
    return this.#bytes[this.#at++] ?? 0;
  }

  /** An integer whose first byte is `first`, of which `mask` is the prefix: all ones say that more bytes follow (§5.1). */
  integer(first: number, mask: number): number {
    let value = first & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < INTEGER_BITS; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw compressionError(`an integer has more than ${INTEGER_BITS} bits after its prefix`);
  }

  /** A string literal (§5.2), as latin1. */
  string(): string {
    const first = this.byte();
    const length = this.integer(first, 0x7f);
    const start = this.#at;
    if (length > this.#end - start) throw compressionError("a string is longer than its header block");
    this.#at += length;
    if (first < 0x80) return this.#bytes.toString("latin1", start, this.#at);
    if (length > MOST_STRING_BYTES) throw compressionError(`a string has more than ${MOST_STRING_BYTES} bytes`);
    const decodedLength = decodeHuffman(this.#bytes, start, this.#at, decoded);
    if (decodedLength < 0) throw compressionError("a string breaks the Huffman code");
    return decoded.toString("latin1", 0, decodedLength);
  }
}

/** What breaks RFC 7541 ends the connection (RFC 9113 §4.3). */
export function compressionError(message: string): Http2Error {
  return new Http2Error(ERROR_CODE.compressionError, message);
}
