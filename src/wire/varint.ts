/** A variable-length integer: a number where that is exact, else a bigint of at most 2^62 - 1. */
export type Varint = number | bigint;

/** A value and how many bytes it took. */
export interface DecodedVarint {
  readonly value: Varint;
  readonly length: number;
}

/*
 * RFC 9000 §16; the two highest bits of the first byte give the length:
 *   00  1 byte   0 … 63
 *   01  2 bytes  0 … 16,383
 *   10  4 bytes  0 … 2^30 - 1
 *   11  8 bytes  0 … 2^62 - 1
 */
const MAX_1 = 0x3f;
const MAX_2 = 0x3fff;
const MAX_4 = 0x3fffffff;
const MAX_8: bigint = (1n << 62n) - 1n;

/** How many bytes `value` takes at the least; throws RangeError below 0, above 2^62 - 1 and for fractions. */
export function varintLength(value: Varint): number {
  if (value < 0 || value > MAX_8 || (typeof value === "number" && !Number.isSafeInteger(value))) {
    throw new RangeError("a variable-length integer lies between 0 and 2^62 - 1");
  }
  if (value <= MAX_1) return 1;
  if (value <= MAX_2) return 2;
  return value <= MAX_4 ? 4 : 8;
}

/** Writes `value` at `offset` in its shortest form and returns the offset after it. */
export function writeVarint(target: Uint8Array, value: Varint, offset: number): number {
  const length = varintLength(value);
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  if (length === 1) view.setUint8(offset, Number(value));
  else if (length === 2) view.setUint16(offset, Number(value) | 0x4000);
  else if (length === 4) view.setUint32(offset, Number(value) + 0x80000000);
  else view.setBigUint64(offset, BigInt(value) | (3n << 62n));
  return offset + length;
}

/** `value` in its shortest form. */
export function encodeVarint(value: Varint): Uint8Array {
  const bytes = new Uint8Array(varintLength(value));
  writeVarint(bytes, value, 0);
  return bytes;
}

/** Reads the integer at `offset`, in whichever of its forms; undefined while bytes are missing. */
export function decodeVarint(bytes: Uint8Array, offset = 0): DecodedVarint | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  const length = 1 << (first >> 6);
  if (bytes.length < offset + length) return undefined;
  if (length === 1) return { value: first, length };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (length === 2) return { value: view.getUint16(offset) & MAX_2, length };
  if (length === 4) return { value: view.getUint32(offset) & MAX_4, length };
  const value = view.getBigUint64(offset) & MAX_8;
  return { value: value <= Number.MAX_SAFE_INTEGER ? Number(value) : value, length };
}
