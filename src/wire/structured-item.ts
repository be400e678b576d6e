/** A bare item of RFC 9651 §3.3, reduced to its text, and whether it was a token, a string or something else. */
export interface StructuredItem {
  readonly kind: "token" | "string" | "other";
  readonly text: string;
}

/** An item with its parameters; the last of two with one key counts (RFC 9651 §4.2.3.2). */
export interface StructuredMember {
  readonly item: StructuredItem;
  readonly parameters: ReadonlyMap<string, StructuredItem>;
}

const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
// Integer, decimal, date, boolean, byte sequence and display string, by form only.
const OTHER = /@?-?[0-9]{1,15}(?:\.[0-9]{1,3})?|\?[01]|:[A-Za-z0-9+/=]*:|%"[ !#-~]*"/y;
const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const SPACES = / */y;
const COMMA = /[ \t]*,[ \t]*/y;

/** Whether `text` is a token (RFC 9651 §3.3.4). */
export function isToken(text: string): boolean {
  TOKEN.lastIndex = 0;
  return TOKEN.exec(text)?.[0] === text;
}

/** Writes a string (RFC 9651 §4.1.6); whatever ASCII cannot print becomes `?`. */
export function formatString(text: string): string {
  return `"${text.replaceAll(/[^ -~]/gu, "?").replaceAll(/["\\]/g, "\\$&")}"`;
}

/**
 * Reads a list of items with parameters (RFC 9651 §4.2.1), or gives undefined if it is malformed,
 * has an inner list, or more members or parameters than allowed. The caller bounds the length.
 */
export function parseItemList(text: string, maxMembers: number, maxParameters: number): StructuredMember[] | undefined {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  const takeItem = (): StructuredItem | undefined => {
    const token = take(TOKEN);
    if (token !== undefined) return { kind: "token", text: token[0] };
    const string = take(STRING);
    if (string !== undefined) return { kind: "string", text: (string[1] ?? "").replaceAll(/\\(.)/g, "$1") };
    const other = take(OTHER);
    return other === undefined ? undefined : { kind: "other", text: other[0] };
  };
  const takeMember = (): StructuredMember | undefined => {
    const item = takeItem();
    if (item === undefined) return undefined;
    const parameters = new Map<string, StructuredItem>();
    while (text[at] === ";") {
      at += 1;
      take(SPACES);
      const key = take(KEY)?.[0];
      if (key === undefined) return undefined;
      let value: StructuredItem | undefined = { kind: "other", text: "?1" };
      if (text[at] === "=") {
        at += 1;
        value = takeItem();
      }
      if (value === undefined) return undefined;
      parameters.set(key, value);
      if (parameters.size > maxParameters) return undefined;
    }
    return { item, parameters };
  };

  const members: StructuredMember[] = [];
  take(SPACES);
  while (at < text.length) {
    const member = takeMember();
    if (member === undefined || members.length === maxMembers) return undefined;
    members.push(member);
    if (take(COMMA) === undefined) {
      take(SPACES);
      return at === text.length ? members : undefined;
    }
    if (at === text.length) return undefined;
  }
  return members;
}
