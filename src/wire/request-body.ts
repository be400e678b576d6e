import { WIRE_LIMITS } from "./limits.ts";

/** What frames the body of a request: its fields of these names, in their order, and its version (RFC 9112 §6). */
export interface BodyFields {
  readonly minor: number;
  readonly contentLength: readonly string[];
  readonly transferEncoding: readonly string[];
}

/** Where the next message of a stream begins. */
export interface RequestBody {
  /** Whether all of it has been taken. */
  readonly isOver: boolean;
  /** How many bytes are still to come; undefined when only they say. */
  readonly left: number | undefined;
  /**
   * How many of the bytes that follow those taken so far belong to the body, in pieces that can be told apart: less than
   * all while a line is not over. Undefined when servers could differ in where it ends.
   */
  take(seen: Buffer): number | undefined;
}

/**
 * The body that these fields announce; undefined where servers could differ in its length: both kinds of fields, one twice,
 * another coding than `chunked`, a length that is no plain number.
 */
export function requestBody({ minor, contentLength, transferEncoding }: BodyFields): RequestBody | undefined {
  if (contentLength.length + transferEncoding.length > 1) return undefined;
  const [coding] = transferEncoding;
  if (coding !== undefined) return coding.toLowerCase() === "chunked" && minor > 0 ? new ChunkedBody() : undefined;
  const [length = "0"] = contentLength;
  return /^[0-9]{1,15}$/.test(length) ? new SizedBody(Number(length)) : undefined;
}

/** So many bytes, whatever they are. */
export class SizedBody implements RequestBody {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  get left(): number {
    return this.#left;
  }

  take(seen: Buffer): number {
    const taken = Math.min(this.#left, seen.length);
    this.#left -= taken;
    return taken;
  }
}

/*
 * The chunked coding (RFC 9112 §7.1), of which lines end with CRLF and nothing else:
 *
 *   size in hex [; extensions] CRLF | bytes | CRLF      …      0 [; extensions] CRLF | trailer lines | CRLF
 */
const SIZE_LINE = /^([0-9A-Fa-f]{1,12})(?:;[\x21-\x7e]*)?$/;
const TRAILER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\0\r]*$/;

class ChunkedBody implements RequestBody {
  #state: "size" | "bytes" | "after bytes" | "trailer" | "over" = "size";
  #left = 0;
  readonly left = undefined;

  get isOver(): boolean {
    return this.#state === "over";
  }

  take(seen: Buffer): number | undefined {
    let at = 0;
    while (at < seen.length && this.#state !== "over") {
      if (this.#state === "bytes") {
        const taken = Math.min(this.#left, seen.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = "after bytes";
        continue;
      }
      const lf = seen.indexOf("\n", at);
      const end = lf < 0 ? seen.length : lf;
      if (end - at > WIRE_LIMITS.maxChunkLineBytes.value) return undefined;
      if (lf < 0) break;
      const line = seen.toString("latin1", at, lf);
      if (!line.endsWith("\r") || !this.#line(line.slice(0, -1))) return undefined;
      at = lf + 1;
    }
    return at;
  }

  #line(line: string): boolean {
    if (this.#state === "after bytes") {
      this.#state = "size";
      return line === "";
    }
    if (this.#state === "trailer") {
      if (line === "") this.#state = "over";
      return line === "" || TRAILER_LINE.test(line);
    }
    const size = SIZE_LINE.exec(line)?.[1];
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? "trailer" : "bytes";
    return true;
  }
}
