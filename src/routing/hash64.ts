import { createHash } from "node:crypto";

/** 64 bits as two whole numbers below 2³². */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** The first 64 bits of SHA-256 of a text. */
export function hash64(text: string): Hash64 {
  const digest = createHash("sha256").update(text).digest();
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

/** Spreads each bit over all 32 (the last steps of MurmurHash3, which is in the public domain). */
export function mix32(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
