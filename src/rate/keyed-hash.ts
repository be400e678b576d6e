import type { Random } from "../core/random.ts";

/**
 * HalfSipHash-2-4 with 32 bits of result (Aumasson and Bernstein, "SipHash: a fast short-input PRF", and its reference
 * code for 32-bit words) under a key that only this process knows. Whoever does not know the key can neither make two
 * texts collide nor fill a bucket; by chance, two in four billion do. Results are never shown to strangers.
 */
export class KeyedHash {
  readonly #k0: number;
  readonly #k1: number;

  /** Draws a key. */
  constructor(components: { readonly random: Pick<Random, "bytes"> }) {
    const bytes = components.random.bytes(8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#k0 = view.getInt32(0, true);
    this.#k1 = view.getInt32(4, true);
  }

  /** A whole number of 32 bits, with sign, for the bytes of `text`: the low half of each character, so exact for ASCII. */
  of(text: string): number {
    const { length } = text;
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = 0x6c796765 ^ this.#k0;
    let v3 = 0x74656462 ^ this.#k1;
    const last = length >> 2;
    // One word of the text at a time, then the one that closes it, then the rounds that finish.
    for (let n = 0; n <= last + 1; n += 1) {
      let rounds = 2;
      let word = 0;
      if (n > last) {
        v2 ^= 0xff;
        rounds = 4;
      } else {
        word = n < last ? wordAt(text, n * 4) : endOf(text, n * 4) | (length << 24);
        v3 ^= word;
      }
      for (; rounds > 0; rounds -= 1) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
    }
    return v1 ^ v3;
  }
}

/** Four characters of a text as the bytes of a little-endian word. */
function wordAt(text: string, at: number): number {
  return (
    (text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** The up to three characters from `at` on, likewise. */
function endOf(text: string, at: number): number {
  let word = 0;
  for (let n = at; n < text.length; n += 1) word |= (text.charCodeAt(n) & 0xff) << (8 * (n - at));
  return word;
}
