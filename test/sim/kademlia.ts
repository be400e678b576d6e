import type { Random } from "../../src/core/random.ts";

/** Bits of an id: two halves of 26, so that a distance is an exact double. */
const HALF_BITS = 26;
const HALF = 2 ** HALF_BITS;
const ID_BITS = 2 * HALF_BITS;

/** What a peer's routing table holds: `k` peers of every common prefix, or of each of 2^bits equal parts of all ids. */
export type TableShape = { readonly kind: "buckets" } | { readonly kind: "parts"; readonly bits: number };

/** How a look-up goes. */
export interface LookUpOptions {
  /** Rows of peers that are followed apart from one another (`disjointPaths` of @libp2p/kad-dht). */
  readonly paths: number;
  /** Share of peers that are gone, though tables still hold them: asking them costs a message and brings nothing. */
  readonly gone?: number;
}

/** What a look-up came to. */
export interface LookUp {
  /** The closest peers that answered, at most k, closest first. */
  readonly closest: readonly number[];
  /** Peers asked. */
  readonly asked: number;
  /** Of them, those that did not answer. */
  readonly silent: number;
  /** Length of the longest row "who told me of whom told me of …" among the closest. */
  readonly hops: number;
}

interface Candidate {
  readonly peer: number;
  readonly distance: number;
  readonly hops: number;
}

/**
 * A Kademlia network (Maymounkov and Mazières, 2002) of up to millions of peers without their tables: ids lie sorted, and
 * an entry of a table is drawn when it is asked for, the same each time. The look-up is that of @libp2p/kad-dht 16.
 */
export class KademliaNetwork {
  readonly size: number;
  readonly #ids: Float64Array;
  readonly #shape: TableShape;
  readonly #k: number;

  constructor(size: number, random: Random, options: { readonly shape: TableShape; readonly k?: number }) {
    this.size = size;
    this.#shape = options.shape;
    this.#k = options.k ?? 20;
    this.#ids = Float64Array.from(
      { length: size },
      () => Math.floor(random.float() * HALF) * HALF + half(random),
    ).sort();
  }

  /** A random id: of a key or of nobody. */
  static randomId(random: Random): number {
    return half(random) * HALF + half(random);
  }

  /** The id of a peer, by its place in the order of ids. */
  idOf(peer: number): number {
    return this.#ids[peer] ?? 0;
  }

  /** The peers that are closest to `id` in truth, of those that are not gone, closest first. */
  trulyClosest(id: number, count: number, gone = 0): readonly number[] {
    let there: readonly number[] = [];
    for (let bits = ID_BITS - 1; bits >= 0 && there.length < count; bits -= 1) {
      const [from, to] = this.#range(id, bits);
      there = Array.from({ length: to - from }, (_, at) => from + at).filter((peer) => !isGone(peer, gone));
    }
    return this.#nearest(there, id, count);
  }

  /** What `peer` answers who asks for the peers closest to `id`: the closest of its table. */
  answerOf(peer: number, id: number, count: number = this.#k): readonly number[] {
    const shape = this.#shape;
    return this.#nearest(
      shape.kind === "buckets" ? this.#fromBuckets(peer, id, count) : this.#fromParts(peer, id, count, shape.bits),
      id,
      count,
    );
  }

  /** Looks for the peers closest to `id`, from `peer` on. */
  lookUp(peer: number, id: number, { paths, gone = 0 }: LookUpOptions): LookUp {
    const seen = new Set([peer]);
    const start = this.answerOf(peer, id).map((at) => ({ peer: at, distance: distance(this.idOf(at), id), hops: 1 }));
    const answered: Candidate[] = [];
    let asked = 0;
    let silent = 0;
    for (const { peer: known } of start) seen.add(known);
    for (let path = 0; path < paths; path += 1) {
      const closest: Candidate[] = [];
      const queue = start.filter((_, at) => at % paths === path);
      const hasRoom = (far: number): boolean =>
        closest.length < this.#k || far < (closest.at(-1)?.distance ?? Number.POSITIVE_INFINITY);
      for (let next = takeNearest(queue); next !== undefined; next = takeNearest(queue)) {
        if (!hasRoom(next.distance)) continue;
        asked += 1;
        if (isGone(next.peer, gone)) {
          silent += 1;
          continue;
        }
        insert(closest, next, this.#k);
        for (const told of this.answerOf(next.peer, id)) {
          const far = distance(this.idOf(told), id);
          if (seen.has(told) || far >= next.distance || !hasRoom(far)) continue;
          seen.add(told);
          queue.push({ peer: told, distance: far, hops: next.hops + 1 });
        }
      }
      answered.push(...closest);
    }
    const best = answered.sort((a, b) => a.distance - b.distance).slice(0, this.#k);
    return { closest: best.map((one) => one.peer), asked, silent, hops: Math.max(0, ...best.map(({ hops }) => hops)) };
  }

  /** Entries of the buckets that hold the closest to `id`: first the one that shares most with it, then those beside. */
  #fromBuckets(peer: number, id: number, count: number): number[] {
    const own = this.idOf(peer);
    const shared = sharedBits(own, id);
    const found: number[] = [];
    const take = (bucket: number): number => {
      const [from, to] = this.#range(flipBit(own, bucket), bucket + 1);
      for (const at of this.#draw(peer, bucket, from, to)) found.push(at);
      return to - from;
    };
    if (shared < ID_BITS) take(shared);
    for (let bucket = shared + 1; found.length < count && bucket < ID_BITS; bucket += 1) {
      const [from, to] = this.#range(own, bucket);
      if (to - from <= 1) break;
      take(bucket);
    }
    for (let bucket = shared - 1; found.length < count && bucket >= 0; bucket -= 1) take(bucket);
    return found;
  }

  /** Entries of the part that `id` lies in, and of the parts beside it while there are too few. */
  #fromParts(peer: number, id: number, count: number, bits: number): number[] {
    const width = 2 ** (ID_BITS - bits);
    const part = Math.floor(id / width);
    const found: number[] = [];
    for (let beside = 0; found.length < count && beside < 2 ** bits; beside += 1) {
      const at = part ^ beside;
      const [from, to] = this.#range(at * width, bits);
      for (const entry of this.#draw(peer, at + ID_BITS, from, to)) if (entry !== peer) found.push(entry);
    }
    return found;
  }

  /** At most k of the peers `from` to `to`, the same each time for one `peer` and `bucket`. */
  #draw(peer: number, bucket: number, from: number, to: number): readonly number[] {
    if (to - from <= this.#k) return Array.from({ length: to - from }, (_, at) => from + at);
    const drawn = new Set<number>();
    for (let salt = 0; drawn.size < this.#k; salt += 1) drawn.add(from + (mix(peer, bucket, salt) % (to - from)));
    return [...drawn];
  }

  #nearest(peers: readonly number[], id: number, count: number): readonly number[] {
    return peers
      .map((peer) => ({ peer, far: distance(this.idOf(peer), id) }))
      .sort((a, b) => a.far - b.far)
      .slice(0, count)
      .map(({ peer }) => peer);
  }

  /** The peers whose ids share the first `bits` bits with `id`: from the first to before the second. */
  #range(id: number, bits: number): readonly [number, number] {
    const width = 2 ** (ID_BITS - bits);
    const from = Math.floor(id / width) * width;
    return [this.#firstFrom(from), this.#firstFrom(from + width)];
  }

  #firstFrom(id: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.idOf(middle) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function half(random: Random): number {
  return Math.floor(random.float() * HALF);
}

function distance(a: number, b: number): number {
  const [highA, highB] = [Math.floor(a / HALF), Math.floor(b / HALF)];
  return (highA ^ highB) * HALF + ((a - highA * HALF) ^ (b - highB * HALF));
}

function sharedBits(a: number, b: number): number {
  const far = distance(a, b);
  const high = Math.floor(far / HALF);
  const unused = 32 - HALF_BITS;
  return high > 0 ? Math.clz32(high) - unused : HALF_BITS + Math.clz32(far) - unused;
}

function flipBit(id: number, bit: number): number {
  const weight = 2 ** (ID_BITS - 1 - bit);
  return Math.floor(id / weight) % 2 === 0 ? id + weight : id - weight;
}

function isGone(peer: number, share: number): boolean {
  return share > 0 && mix(peer, 0, 0) < share * 2 ** 32;
}

/** A well-mixed number from three (the finaliser of MurmurHash3). */
function mix(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^ Math.imul(c + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function takeNearest(queue: Candidate[]): Candidate | undefined {
  let nearest = 0;
  for (const [at, { distance: far }] of queue.entries()) if (far < (queue[nearest]?.distance ?? 0)) nearest = at;
  return queue.splice(nearest, 1)[0];
}

function insert(closest: Candidate[], one: Candidate, most: number): void {
  closest.push(one);
  closest.sort((a, b) => a.distance - b.distance);
  if (closest.length > most) closest.pop();
}
