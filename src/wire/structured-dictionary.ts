import { isToken } from "./structured-item.ts";
import { STRUCTURED_TRUE, type StructuredItem, StructuredReader } from "./structured-reader.ts";

/** A member of a dictionary: an item, or an inner list of them. Parameters are refused, since no field of ours has any. */
export type DictionaryValue = StructuredItem | readonly StructuredItem[];

/** How much a dictionary may hold. */
export interface DictionaryBounds {
  readonly maxChars: number;
  readonly maxMembers: number;
  /** Of one inner list. */
  readonly maxItems: number;
}

// RFC 9651 has lower case only; keys in upper case are taken as the same, since people write `Country`.
const KEY = /[a-z*][a-z0-9_\-.*]*/iy;

/**
 * Reads a dictionary (RFC 9651 §4.2.2), or gives undefined if it is malformed, has parameters, or exceeds the bounds.
 * Of two members with one key the last counts, as the RFC has it. Keys come in lower case.
 *
 *     dictionary  =  [ member *( OWS "," OWS member ) ]
 *     member      =  key [ "=" ( item / "(" [ item *( 1*SP item ) ] ")" ) ]
 */
export function parseDictionary(text: string, bounds: DictionaryBounds): Map<string, DictionaryValue> | undefined {
  const members = new Map<string, DictionaryValue>();
  if (text.length > bounds.maxChars) return undefined;
  const reader = new StructuredReader(text);
  if (reader.done) return members;
  for (;;) {
    const key = reader.take(KEY)?.[0].toLowerCase();
    const value = reader.passes("=") ? readValue(reader, bounds.maxItems) : STRUCTURED_TRUE;
    if (key === undefined || value === undefined) return undefined;
    members.set(key, value);
    if (members.size > bounds.maxMembers) return undefined;
    const next = reader.comma();
    if (next !== "more") return next === "end" ? members : undefined;
  }
}

function readValue(reader: StructuredReader, maxItems: number): DictionaryValue | undefined {
  if (!reader.passes("(")) return reader.item();
  const items: StructuredItem[] = [];
  reader.spaces();
  let apart = true;
  while (!reader.passes(")")) {
    const item = apart ? reader.item() : undefined;
    if (item === undefined || items.length === maxItems) return undefined;
    items.push(item);
    apart = reader.take(/ +/y) !== undefined;
  }
  return items;
}

/**
 * The text of an item: of a token or string as it is, of a number its digits, of a display string what it stands for.
 * Undefined for dates, byte sequences, booleans and display strings that are no UTF-8 (RFC 9651 §4.2.10).
 */
export function itemText(item: StructuredItem): string | undefined {
  const { kind, text } = item;
  if (kind !== "other" || /^-?[0-9]/.test(text)) return text;
  if (!text.startsWith('%"')) return undefined;
  const inner = text.slice(2, -1);
  // Only lower-case hex digits are allowed; decodeURIComponent takes both and refuses what is no UTF-8.
  if (/%(?![0-9a-f]{2})/.test(inner)) return undefined;
  try {
    return decodeURIComponent(inner);
  } catch {
    return undefined;
  }
}

/** Writes text as the simplest item that holds it: a token, a string, or a display string for what is not ASCII. */
export function formatItem(text: string): string {
  if (isToken(text)) return text;
  if (/^[ -~]*$/.test(text)) return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
  const escaped = [...Buffer.from(text, "utf8")].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x25 || byte === 0x22
      ? `%${byte.toString(16).padStart(2, "0")}`
      : String.fromCharCode(byte),
  );
  return `%"${escaped.join("")}"`;
}
