import { HIGHEST_31_BIT } from "./frame-format.ts";

/** Two bytes, the high one first. */
export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Four bytes. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

/** Four bytes whose first bit is reserved: it is ignored (RFC 9113 §4.1, §6.9). */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & HIGHEST_31_BIT;
}

/** Writes four bytes at `at`, and returns the offset after them. */
export function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
