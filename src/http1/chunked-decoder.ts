import type { BywayError } from "../core/errors.ts";
import type { BodyDecoder } from "./body-decoder.ts";
import type { RawHeaders } from "./fields.ts";
import { HTTP1_LIMITS } from "./limits.ts";

/** How strictly chunks are read. */
export interface ChunkRules {
  /** Whether blanks behind a size, LF alone at the end of a line, and any extension are passed over. */
  readonly lenient: boolean;
  /** The trailers, with the ends of their lines. */
  readonly maxTrailerBytes: number;
  /** Their lines. */
  readonly maxTrailers: number;
  /** Reads the lines behind the last chunk; throws what makes them unfit. */
  readonly parseTrailers: (lines: readonly string[]) => RawHeaders;
  readonly malformed: (what: string) => BywayError;
  readonly tooLarge: (what: string) => BywayError;
}

const LF = 0x0a;
const STRICT_SIZE = /^([0-9a-fA-F]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*)?$/;
const LENIENT_SIZE = /^0*([0-9a-fA-F]{1,14})[ \t]*(?:;.*)?$/s;

/**
 * The chunked coding (RFC 9112 §7.1). Extensions are dropped.
 *
 *     size ─► content ─► end of content ─► size … ─► size 0 ─► trailers ─► done
 */
export class ChunkedDecoder implements BodyDecoder {
  isDone = false;
  isClean = true;
  trailers: RawHeaders = [];
  readonly #rules: ChunkRules;
  #state: "size" | "content" | "end of content" | "trailers" = "size";
  #left = 0;
  /** The beginning of a line whose end has not come. */
  #line = "";
  #trailerLines: string[] = [];
  #trailerBytes = 0;

  constructor(rules: ChunkRules) {
    this.#rules = rules;
  }

  get kept(): number {
    return this.#line.length + this.#trailerBytes;
  }

  decode(bytes: Buffer, onContent: (content: Buffer) => void): number {
    let at = 0;
    while (!this.isDone && at < bytes.length) {
      if (this.#state === "content") {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        onContent(bytes.subarray(at, end));
        at = end;
        if (this.#left === 0) this.#state = "end of content";
      } else at = this.#readLine(bytes, at);
    }
    return at;
  }

  end(): boolean {
    return this.isDone;
  }

  #readLine(bytes: Buffer, at: number): number {
    // Between two chunks there is nothing to search for.
    const limit = this.#state === "end of content" ? Math.min(bytes.length, at + 2 - this.#line.length) : bytes.length;
    const found = bytes.indexOf(LF, at);
    const isWhole = found !== -1 && found < limit;
    const end = isWhole ? found + 1 : limit;
    this.#line += bytes.toString("latin1", at, end);
    this.#hold(end - at);
    if (!isWhole) {
      if (this.#state === "end of content" && this.#line !== "\r")
        throw this.#rules.malformed("a chunk is longer than its size");
      return end;
    }
    const line = this.#line;
    this.#line = "";
    const isCrlf = line.endsWith("\r\n");
    if (!isCrlf && !this.#rules.lenient) throw this.#rules.malformed("a line of a chunked body ends with LF alone");
    this.isClean &&= isCrlf;
    this.#onLine(line.slice(0, isCrlf ? -2 : -1));
    return end;
  }

  #hold(added: number): void {
    if (this.#state === "trailers") {
      this.#trailerBytes += added;
      if (this.#trailerBytes > this.#rules.maxTrailerBytes)
        throw this.#rules.tooLarge(`the trailers exceed ${this.#rules.maxTrailerBytes} bytes`);
    } else if (this.#line.length > HTTP1_LIMITS.maxChunkLineBytes.value)
      throw this.#rules.tooLarge(`the line before a chunk exceeds ${HTTP1_LIMITS.maxChunkLineBytes.value} bytes`);
  }

  #onLine(line: string): void {
    if (this.#state === "size") {
      const text = (this.#rules.lenient ? LENIENT_SIZE : STRICT_SIZE).exec(line)?.[1] ?? "";
      const size = Number.parseInt(text, 16);
      if (!Number.isSafeInteger(size)) throw this.#rules.malformed("the size of a chunk is no number");
      this.isClean &&= STRICT_SIZE.test(line);
      this.#left = size;
      this.#state = size === 0 ? "trailers" : "content";
    } else if (this.#state === "end of content") {
      if (line !== "") throw this.#rules.malformed("a chunk is longer than its size");
      this.#state = "size";
    } else if (line === "") {
      this.trailers = this.#rules.parseTrailers(this.#trailerLines);
      this.isDone = true;
    } else if (this.#trailerLines.length >= this.#rules.maxTrailers)
      throw this.#rules.tooLarge(`there are more than ${this.#rules.maxTrailers} trailers`);
    else this.#trailerLines.push(line);
  }
}
