import { STATIC_NAMES, STATIC_VALUES } from "./static-table.ts";

/** What the static table has for one name. */
interface StaticName {
  /** The first index of the name. */
  readonly index: number;
  /** Indexes of its values. */
  readonly values: ReadonlyMap<string, number>;
}

const NAMES: ReadonlyMap<string, StaticName> = byName();

function byName(): Map<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  for (const [index, name] of STATIC_NAMES.entries()) {
    const known = names.get(name) ?? { index, values: new Map<string, number>() };
    const value = STATIC_VALUES[index] ?? "";
    if (value !== "") known.values.set(value, index);
    if (index > 0) names.set(name, known);
  }
  return names;
}

/** First bytes of representations (RFC 7541 §6.1, §6.2.2, §6.3), with the masks of their prefixes. */
const INDEXED = 0x80;
const INDEX_MASK = 0x7f;
const LITERAL = 0x00;
const LITERAL_MASK = 0x0f;
const LENGTH_MASK = 0x7f;
const EMPTY_TABLE = 0x20;

/**
 * Encodes the header lists of one direction of a connection, in their order (RFC 7541). It uses the static table, and literals
 * that join no table: no length depends on an earlier list, so nothing can be guessed from lengths. No Huffman: lists
 * here are short and sent once a stream, so it would cost both ends more time than the bytes are worth.
 */
export class HpackEncoder {
  #hasBegun = false;

  /**
   * Writes `fields`, names and values by turns, names in lower case, at `at`, and returns the offset after the block. It takes
   * at most one byte more than the list counts by RFC 9113 §6.5.2.
   * Throws RangeError where `target` has less room, and for a character that no field may have: NUL, CR, LF and those beyond
   * latin1. `target` then has a part of the block, and the next call begins anew.
   */
  encode(fields: readonly string[], target: Uint8Array, at: number): number {
    let next = at;
    // The peer's table is emptied once: then none of its SETTINGS asks for a size update any more (§4.2).
    if (!this.#hasBegun) next = writeByte(EMPTY_TABLE, target, next);
    for (let field = 0; field + 1 < fields.length; field += 2) {
      next = writeField(fields[field] ?? "", fields[field + 1] ?? "", target, next);
    }
    this.#hasBegun = true;
    return next;
  }
}

function writeField(name: string, value: string, target: Uint8Array, at: number): number {
  const known = NAMES.get(name);
  const index = known?.values.get(value);
  if (index !== undefined) return writeInteger(index, INDEXED, INDEX_MASK, target, at);
  const start = writeInteger(known?.index ?? 0, LITERAL, LITERAL_MASK, target, at);
  return writeString(value, target, known === undefined ? writeString(name, target, start) : start);
}

/** RFC 7541 §5.1. */
function writeInteger(value: number, first: number, mask: number, target: Uint8Array, at: number): number {
  if (value < mask) return writeByte(first | value, target, at);
  let next = writeByte(first | mask, target, at);
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) next = writeByte(0x80 | (rest & 0x7f), target, next);
  return writeByte(rest, target, next);
}

/** RFC 7541 §5.2, without Huffman. */
function writeString(text: string, target: Uint8Array, at: number): number {
  const start = writeInteger(text.length, 0, LENGTH_MASK, target, at);
  const end = start + text.length;
  if (end > target.length) throw noRoom(target);
  for (let from = 0; from < text.length; from += 1) {
    const code = text.charCodeAt(from);
    // A byte that is cut off a wider character could be LF.
    if (code > 0xff || code === 0 || code === 10 || code === 13)
      throw new RangeError("a field has a forbidden character");
    target[start + from] = code;
  }
  return end;
}

function writeByte(byte: number, target: Uint8Array, at: number): number {
  if (at >= target.length) throw noRoom(target);
  target[at] = byte;
  return at + 1;
}

function noRoom(target: Uint8Array): RangeError {
  return new RangeError(`a header block is longer than the ${target.length} bytes for it`);
}
