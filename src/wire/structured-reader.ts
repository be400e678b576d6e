/** A bare item of RFC 9651 §3.3, reduced to its text, and whether it was a token, a string or something else. */
export interface StructuredItem {
  readonly kind: "token" | "string" | "other";
  readonly text: string;
}

/** Parameters of an item; the last of two with one key counts (RFC 9651 §4.2.3.2). */
export type StructuredParameters = ReadonlyMap<string, StructuredItem>;

const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
// Integer, decimal, date, boolean, byte sequence and display string, by form only.
const OTHER = /-?[0-9]{1,12}\.[0-9]{1,3}|@?-?[0-9]{1,15}(?![.0-9])|\?[01]|:[A-Za-z0-9+/=]*:|%"[ !#-~]*"/y;
const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const SPACES = / */y;

/** What stands for a value that is left out: the boolean true. */
export const STRUCTURED_TRUE: StructuredItem = { kind: "other", text: "?1" };

/** Reads the parts of a structured field (RFC 9651 §4.2) one after another; what is malformed is undefined. */
export class StructuredReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.spaces();
  }

  /** Whether all was read. */
  get done(): boolean {
    return this.#at === this.#text.length;
  }

  /** Whether `character` comes next, which is then passed over. */
  passes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  /** What `pattern`, a sticky one, matches next. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  spaces(): void {
    this.take(SPACES);
  }

  /** A bare item (§4.2.3.1). */
  item(): StructuredItem | undefined {
    const token = this.take(TOKEN);
    if (token !== undefined) return { kind: "token", text: token[0] };
    const string = this.take(STRING);
    if (string !== undefined) return { kind: "string", text: (string[1] ?? "").replaceAll(/\\(.)/g, "$1") };
    const other = this.take(OTHER);
    return other === undefined ? undefined : { kind: "other", text: other[0] };
  }

  /** The parameters that follow an item, none being none (§4.2.3.2); undefined too when there are more than `most`. */
  parameters(most: number): StructuredParameters | undefined {
    const parameters = new Map<string, StructuredItem>();
    while (this.passes(";")) {
      this.spaces();
      const key = this.take(KEY)?.[0];
      if (key === undefined) return undefined;
      const value = this.passes("=") ? this.item() : STRUCTURED_TRUE;
      if (value === undefined) return undefined;
      parameters.set(key, value);
      if (parameters.size > most) return undefined;
    }
    return parameters;
  }

  /** Passes over the comma between two members; "end" when nothing follows, undefined when something else does. */
  comma(): "more" | "end" | undefined {
    if (this.take(COMMA) !== undefined) return this.done ? undefined : "more";
    this.take(OPTIONAL_SPACE);
    return this.done ? "end" : undefined;
  }
}

const COMMA = /[ \t]*,[ \t]*/y;
const OPTIONAL_SPACE = /[ \t]*/y;
