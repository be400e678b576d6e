import type { Candidate } from "./candidate.ts";
import type { ScoreParts } from "./explanation.ts";
import { hash64 } from "./hash64.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import { UNKNOWN_PART } from "./score.ts";

/** What a row says of its node, one bit each. */
export const ROW_BITS = {
  relay: 1,
  exit: 2,
  tcp: 4,
  udp: 8,
  residential: 16,
  mobile: 32,
  hosting: 64,
  unknown: 128,
  port80: 256,
  port443: 512,
  full: 1024,
} as const;

/** How many numbers `hashes` has for each row. */
export const HASHES_PER_ROW = 4;

/** Mbit/s that a node counts for that says nothing of its capacity. */
const UNKNOWN_MBPS = 10;
const LEAST_MBPS = 1;
/** A node at this share of its capacity, or above, gets nothing more. */
const FULL_LOAD = 0.9;
const FIRST_ROWS = 16;
const PARTS = 4;

/** What the draw reads of each node, in rows side by side: a choice among a million reads a few numbers of each. */
export class CandidateColumns {
  #rows = 0;
  #parts = new Float32Array(0);
  #observations = new Float32Array(0);
  #mbps = new Float32Array(0);
  #price = new Float64Array(0);
  #bits = new Uint16Array(0);
  /** Peer id, high and low, then subnet, high and low. */
  #hashes = new Uint32Array(0);

  /** Writes a row; the first one past the end makes room for more. */
  set(row: number, candidate: Candidate, parts: ScoreParts, observations: number): void {
    if (row >= this.#rows) this.#grow(row + 1);
    this.setScore(row, parts, observations);
    const claimed = candidate.capacityMbps ?? UNKNOWN_MBPS;
    // Whatever is no number counts as the least.
    this.#mbps[row] = claimed > LEAST_MBPS ? Math.min(ROUTING_LIMITS.countedMbps.value, claimed) : LEAST_MBPS;
    this.#price[row] = Number(candidate.price?.microUsdcPerGiB ?? 0n);
    this.#bits[row] = bitsOf(candidate);
    const own = hash64(candidate.peerId);
    const group = candidate.subnet === undefined ? own : hash64(`subnet/${candidate.subnet}`);
    this.#hashes.set([own.high, own.low, group.high, group.low], row * HASHES_PER_ROW);
  }

  setScore(row: number, parts: ScoreParts, observations: number): void {
    const { trust, latency, availability, load } = parts;
    this.#parts.set([trust, latency, availability, load], row * PARTS);
    this.#observations[row] = observations;
  }

  /** Writes what stands in one row into another. */
  move(from: number, to: number): void {
    for (const column of [this.#observations, this.#mbps, this.#price, this.#bits]) column[to] = column[from] ?? 0;
    this.#parts.copyWithin(to * PARTS, from * PARTS, (from + 1) * PARTS);
    this.#hashes.copyWithin(to * HASHES_PER_ROW, from * HASHES_PER_ROW, (from + 1) * HASHES_PER_ROW);
  }

  /** The weighted sum of the parts, for weights that add up to 1. */
  score(row: number, weights: ScoreParts): number {
    const parts = this.#parts;
    const at = row * PARTS;
    return (
      weights.trust * (parts[at] ?? 0) +
      weights.latency * (parts[at + 1] ?? 0) +
      weights.availability * (parts[at + 2] ?? 0) +
      weights.load * (parts[at + 3] ?? 0)
    );
  }

  parts(row: number): ScoreParts {
    const [trust = UNKNOWN_PART, latency = UNKNOWN_PART, availability = UNKNOWN_PART, load = UNKNOWN_PART] =
      this.#parts.subarray(row * PARTS, (row + 1) * PARTS);
    return { trust, latency, availability, load };
  }

  trust(row: number): number {
    return this.#parts[row * PARTS] ?? 0;
  }

  observations(row: number): number {
    return this.#observations[row] ?? 0;
  }

  /** Mbit/s that count of what it claims, 1 to 200; 10 where it claims nothing. */
  mbps(row: number): number {
    return this.#mbps[row] ?? 0;
  }

  /** Millionths of a USDC for a GiB. */
  price(row: number): number {
    return this.#price[row] ?? 0;
  }

  /** Whether the row has one of `bits`. */
  has(row: number, bits: number): boolean {
    return ((this.#bits[row] ?? 0) & bits) !== 0;
  }

  /** Four numbers a row: 64 bits of its peer id, the high ones first, and 64 of its subnet. To be read at once. */
  get hashes(): Uint32Array {
    return this.#hashes;
  }

  #grow(least: number): void {
    const rows = Math.max(FIRST_ROWS, least, Math.ceil(this.#rows * 1.5));
    this.#parts = grown(new Float32Array(rows * PARTS), this.#parts);
    this.#observations = grown(new Float32Array(rows), this.#observations);
    this.#mbps = grown(new Float32Array(rows), this.#mbps);
    this.#price = grown(new Float64Array(rows), this.#price);
    this.#bits = grown(new Uint16Array(rows), this.#bits);
    this.#hashes = grown(new Uint32Array(rows * HASHES_PER_ROW), this.#hashes);
    this.#rows = rows;
  }
}

function grown<T extends { set(from: T): void }>(into: T, from: T): T {
  into.set(from);
  return into;
}

function bitsOf({ roles, protocols, networkKind, acceptedPorts, load }: Candidate): number {
  let bits: number = ROW_BITS[networkKind];
  for (const name of ["relay", "exit"] as const) if (roles.includes(name)) bits |= ROW_BITS[name];
  for (const name of ["tcp", "udp"] as const) if (protocols.includes(name)) bits |= ROW_BITS[name];
  for (const { first, last } of acceptedPorts) {
    if (first <= 80 && 80 <= last) bits |= ROW_BITS.port80;
    if (first <= 443 && 443 <= last) bits |= ROW_BITS.port443;
  }
  if (load !== undefined && load >= FULL_LOAD) bits |= ROW_BITS.full;
  return bits;
}
