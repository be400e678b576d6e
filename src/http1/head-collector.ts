import { HTTP1_LIMITS } from "./limits.ts";

const LF = 0x0a;
const CR = 0x0d;
const START_BYTES = 16;

/** How a `HeadCollector` reads. */
export interface HeadRules {
  /** The whole head, with the empty line at its end. */
  readonly maxBytes: number;
  /** The first line and the fields: many short ones cost more than their bytes. */
  readonly maxLines: number;
  /** Whether a line may end with LF alone (RFC 9112 §2.2). */
  readonly bareLf: boolean;
  /** Throws what makes a first line unfit; of one that is not whole, its first bytes are shown. */
  readonly checkStart: (line: string, isWhole: boolean) => void;
  /** The error for a head that has too many bytes, or too many lines. */
  readonly tooLarge: () => Error;
  readonly tooManyLines: () => Error;
  /** The error for a line that ends with LF alone, where that is not allowed. */
  readonly bareLfError: () => Error;
}

/**
 * Collects the lines of a head as its bytes come. A first line that is none is refused at once: a peer that speaks another
 * protocol may wait for us.
 */
export class HeadCollector {
  /** The lines so far, without their ends. */
  readonly lines: string[] = [];
  /** Whether the empty line behind the last one has come. */
  isWhole = false;
  /** Whether all lines ended with CRLF, and none was empty before the first. */
  isClean = true;
  readonly #rules: HeadRules;
  #bytes = 0;
  #emptyLines = 0;
  /** How much of the line that is not whole was looked at. */
  #seen = 0;

  constructor(rules: HeadRules) {
    this.#rules = rules;
  }

  /** Bytes of the lines so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes whole lines from `bytes` and returns how many bytes they had; the others are to come again, with what follows. */
  take(bytes: Buffer): number {
    let start = 0;
    while (!this.isWhole) {
      const end = bytes.indexOf(LF, start + this.#seen);
      if (end === -1) {
        this.#seen = bytes.length - start;
        if (this.#bytes + this.#seen > this.#rules.maxBytes) throw this.#rules.tooLarge();
        if (this.lines.length === 0 && this.#seen > 0)
          this.#rules.checkStart(bytes.toString("latin1", start, Math.min(bytes.length, start + START_BYTES)), false);
        break;
      }
      this.#seen = 0;
      this.#bytes += end + 1 - start;
      if (this.#bytes > this.#rules.maxBytes) throw this.#rules.tooLarge();
      const isCrlf = end > start && bytes[end - 1] === CR;
      if (!isCrlf) {
        if (!this.#rules.bareLf) throw this.#rules.bareLfError();
        this.isClean = false;
      }
      this.#add(bytes.toString("latin1", start, isCrlf ? end - 1 : end));
      start = end + 1;
    }
    return start;
  }

  #add(line: string): void {
    if (line !== "") {
      if (this.lines.length === 0) this.#rules.checkStart(line, true);
      else if (this.lines.length >= this.#rules.maxLines) throw this.#rules.tooManyLines();
      this.lines.push(line);
    } else if (this.lines.length > 0) this.isWhole = true;
    else {
      this.isClean = false;
      this.#emptyLines += 1;
      if (this.#emptyLines > HTTP1_LIMITS.maxEmptyLines.value) throw this.#rules.tooLarge();
    }
  }
}
