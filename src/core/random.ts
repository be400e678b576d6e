import { randomBytes } from "node:crypto";

/** Chance, handed in so that tests can seed it. */
export interface Random {
  /** `length` unpredictable bytes, owned by the caller. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1). */
  float(): number;
}

const FLOAT_BYTES = 6;
const POOL_BYTES = 4_096;
/** Longer requests are worth a fetch of their own. */
const MOST_POOLED_BYTES = 64;
let pool = Buffer.alloc(0);
let used = 0;

/** Takes the next `length` bytes. Fetched for many at once: each fetch takes microseconds, and a stream needs several. */
function fromPool(length: number): Buffer {
  if (used + length > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}

/** The operating system's generator. */
export const systemRandom: Random = {
  bytes(length) {
    if (length > MOST_POOLED_BYTES) return new Uint8Array(randomBytes(length));
    const taken = fromPool(length);
    const bytes = new Uint8Array(taken);
    // What was handed out is kept by its owner alone.
    taken.fill(0);
    return bytes;
  },
  float: () => fromPool(FLOAT_BYTES).readUIntBE(0, FLOAT_BYTES) / 2 ** 48,
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
