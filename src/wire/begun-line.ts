const CR = 0x0d;
/** The bytes of a token (RFC 9110 §5.6.2). */
const TOKEN_BYTES: ReadonlySet<number> = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
);

/**
 * A first line that has not ended: whether it may still become a request's, and where a CR stands alone in it. Each byte is
 * looked at once.
 *
 *     before: control characters and spaces ─► word: bytes of a method ─► rest: anything          else: no request
 */
export class BegunLine {
  #at: number;
  #phase: "before" | "word" | "rest" | "none" = "before";
  #crFrom: number;
  #hasBareCr = false;

  /** The line begins at `start`. */
  constructor(start: number) {
    this.#at = start;
    this.#crFrom = start;
  }

  /** Whether the first word has no byte that no method has, so far. */
  mayBecomeRequest(seen: Buffer): boolean {
    for (; this.#at < seen.length && this.#phase !== "rest" && this.#phase !== "none"; this.#at += 1) {
      const byte = seen[this.#at] ?? 0;
      if (TOKEN_BYTES.has(byte)) this.#phase = "word";
      else if (this.#phase === "word") this.#phase = isSpace(byte) ? "rest" : "none";
      else if (!isBefore(byte)) this.#phase = "none";
    }
    return this.#phase !== "none";
  }

  /** The first CR with another byte behind it, in the one look that finds it. */
  newBareCr(seen: Buffer): number | undefined {
    if (this.#hasBareCr) return undefined;
    const at = seen.indexOf(CR, this.#crFrom);
    this.#hasBareCr = at >= 0 && at + 1 < seen.length;
    this.#crFrom = at < 0 ? seen.length : at;
    return this.#hasBareCr ? at : undefined;
  }
}

/** What Netty passes over before a request. */
function isBefore(byte: number): boolean {
  return byte <= 0x20 || (byte >= 0x7f && byte <= 0xa0);
}

/** What some server takes for a space: Python's `str.split` knows all of these. */
function isSpace(byte: number): boolean {
  return (byte >= 0x09 && byte <= 0x0d) || (byte >= 0x1c && byte <= 0x20) || byte === 0x85 || byte === 0xa0;
}
