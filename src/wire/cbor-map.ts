import { decode, encode, rfc8949EncodeOptions } from "cborg";

/** Turns one decoded CBOR value into `T`, or throws `CborFault` saying what is wrong with it. */
export type CborReader<T> = (value: unknown) => T;

/** What is wrong with a value; never leaves the codec that reads it. */
export class CborFault extends Error {
  override readonly name = "CborFault";
}

/** Deterministic CBOR (RFC 8949 §4.2.1) of plain objects, arrays, strings, bytes, booleans and numbers; undefined left out. */
export function encodeCbor(value: unknown): Uint8Array {
  return new Uint8Array(encode(value, { ...rfc8949EncodeOptions, ignoreUndefinedProperties: true }));
}

/** Reads deterministic CBOR, maps as `Map`; throws CborFault for any other encoding. The caller bounds the length. */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown;
  let again: Uint8Array;
  try {
    value = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      useMaps: true,
      rejectDuplicateMapKeys: true,
    });
    // One check for the order of keys, the shortest floats, invalid UTF-8 and whatever else is not canonical.
    again = encode(value, rfc8949EncodeOptions);
  } catch (cause) {
    throw new CborFault("is not CBOR", { cause });
  }
  if (!Buffer.from(again).equals(bytes)) throw new CborFault("is not deterministic CBOR");
  return value;
}

/** The entries of a map with string keys; entries that nobody asks for are passed over. */
export class CborMap {
  readonly #entries: ReadonlyMap<unknown, unknown>;

  constructor(value: unknown) {
    if (!(value instanceof Map)) throw new CborFault("is not a map");
    this.#entries = value;
    for (const key of this.#entries.keys())
      if (typeof key !== "string") throw new CborFault("has a key that is no text");
  }

  /** The entry `key`; throws CborFault if it is missing or `reader` refuses it. */
  required<T>(key: string, reader: CborReader<T>): T {
    if (!this.#entries.has(key)) throw new CborFault(`has no ${key}`);
    return prefixed(key, () => reader(this.#entries.get(key)));
  }

  /** `{ [name]: value }` to be spread, or `{}` where the entry is missing; throws CborFault if `reader` refuses it. */
  optional<N extends string, T>(key: string, name: N, reader: CborReader<T>): { readonly [K in N]?: T } {
    if (!this.#entries.has(key)) return {};
    return { [name]: this.required(key, reader) } as { readonly [K in N]?: T };
  }
}

/** An integer from `min` to `max`. */
export function integer(min: number, max: number): CborReader<number> {
  return (value) => {
    if (typeof value !== "number" || !Number.isInteger(value)) throw new CborFault("is not an integer");
    if (value < min || value > max) throw new CborFault(`is not between ${min} and ${max}`);
    return value;
  };
}

/** A number from 0 to 1. */
export function share(value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw new CborFault("is not between 0 and 1");
  return value;
}

/** Text that `pattern` matches from end to end. */
export function text(pattern: RegExp, maxBytes: number): CborReader<string> {
  return (value) => {
    if (typeof value !== "string") throw new CborFault("is not text");
    if (value.length > maxBytes) throw new CborFault(`is longer than ${maxBytes} bytes`);
    if (!pattern.test(value)) throw new CborFault("has not the form that it must have");
    return value;
  };
}

/** At most `maxItems` items. */
export function list<T>(reader: CborReader<T>, maxItems: number): CborReader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw new CborFault("is not a list");
    if (value.length > maxItems) throw new CborFault(`has more than ${maxItems} items`);
    return value.map((item: unknown) => reader(item));
  };
}

function prefixed<T>(key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CborFault) throw new CborFault(`${key} ${error.message}`);
    throw error;
  }
}
