import { randomBytes } from "node:crypto";

/** Chance, handed in so that tests can seed it. */
export interface Random {
  /** `length` unpredictable bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1). */
  float(): number;
}

const FLOAT_BYTES = 6;
const POOL_BYTES = FLOAT_BYTES * 512;
let pool = Buffer.alloc(0);
let used = 0;

/** The operating system's generator. */
export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
  float() {
    // Fetched for many at once: each fetch takes microseconds, and a choice among hundreds draws one for each.
    if (used === pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += FLOAT_BYTES;
    return pool.readUIntBE(used - FLOAT_BYTES, FLOAT_BYTES) / 2 ** 48;
  },
};

/** A generator that repeats itself for the same seed (mulberry32); for tests and simulation, never for keys. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { float, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)) };
}
