import type { Random } from "../core/random.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { OverlayProvider } from "../overlay/overlay.ts";
import { indexKey, indexPath } from "./index-key.ts";
import { type IndexOptions, type IndexOverlay, type IndexShard, rankInShard, readShard } from "./index-shard.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/*
 * The index of a country is a binary trie of DHT keys, after prefix hash trees (Ramabhadran et al., 2004), but no shard
 * ever splits: each keeps the peers that it has.
 *
 *               ""  64 peers: full            A node goes down along the bits of its own hash to the first shard
 *              /  \                           that is not full. A searcher goes down along bits of chance while
 *      64    "0"   "1"  40 peers              shards are filled. So nobody needs to know how many nodes there are,
 *           /   \                             no key grows, and who knows the depth by now need not begin above.
 *   12   "00"   "01"  9
 */
const { indexShardPeers, indexOverfullPeers, indexSparsePeers, indexDepth } = DISCOVERY_LIMITS;
const FULL = indexShardPeers.value;
const SPARSE = indexSparsePeers.value;
const DEEPEST = indexDepth.value;

/** Where a node stands in the index of its country. */
export interface IndexStanding {
  readonly country: string;
  /** Bits as `0` and `1`; "" is the root. */
  readonly prefix: string;
  /** How many nodes the country seems to have. */
  readonly estimatedNodes: number;
  /** When to call `provideInIndex` again: soon after a move, since others may have moved to the same shard at once. */
  readonly reviewInMs: number;
}

/** What `provideInIndex` needs to know. */
export interface ProvideOptions extends IndexOptions {
  readonly peerId: PeerId;
  readonly random: Random;
  /** What the last call returned; left out by a node that stands nowhere. */
  readonly standing?: IndexStanding | undefined;
  /** Where to begin to look, for a node that stands nowhere and knows about how deep the index is; the root otherwise. */
  readonly startDepth?: number | undefined;
}

/** What `findInIndex` needs to know. */
export interface FindOptions extends IndexOptions {
  readonly random: Random;
  /** How many providers are enough. */
  readonly want: number;
  /** The depth that an earlier search found; the root otherwise. */
  readonly startDepth?: number | undefined;
}

/** What a search of the index found. */
export interface IndexFinds {
  /** From the deepest shards first: those are where most nodes stand, and which cost a crowd most to fill. */
  readonly providers: readonly OverlayProvider[];
  /** Where filled shards end: where to begin the next time. */
  readonly depth: number;
  /** How many nodes the country seems to have. */
  readonly estimatedNodes: number;
  /** How many keys were read. */
  readonly reads: number;
}

/**
 * Names this node in the index of its country, in the highest shard on its way that has room; or, with `standing`, sees
 * whether that is still the right shard. A node leaves a shard that is over-full, unless it is one of those that rank first,
 * and climbs to one above that has become half empty. Throws the abort reason.
 */
export async function provideInIndex(overlay: IndexOverlay, options: ProvideOptions): Promise<IndexStanding> {
  const { peerId, country, standing, random, signal } = options;
  const path = indexPath(peerId);
  const read = async (depth: number): Promise<Others> => othersIn(overlay, path.slice(0, depth), options);
  const kept = standing?.country === country ? standing : undefined;
  const found = kept === undefined ? await join(read, options) : await review(read, kept.prefix.length, options);
  const prefix = path.slice(0, found.depth);
  const hasMoved = prefix !== kept?.prefix;
  // Also where it stays: a key holds so many peers, and others may have pushed this one out.
  await overlay.provide(indexKey(country, prefix), signal);
  if (hasMoved && standing !== undefined) await overlay.cancelProvide(indexKey(standing.country, standing.prefix));
  return {
    country,
    prefix,
    estimatedNodes: estimateNodes(found.depth, found.others.counted + 1),
    reviewInMs:
      hasMoved || found.others.isOverfull
        ? random.float() * DISCOVERY_LIMITS.indexConfirmMs.value
        : (0.75 + random.float() / 2) * DISCOVERY_LIMITS.indexReviewMs.value,
  };
}

/**
 * Finds nodes of a country: reads shards down at least `indexPaths` ways of chance, until it has as many as are wanted,
 * there is no more, or `indexReads` keys are read. Throws the abort reason.
 */
export async function findInIndex(overlay: IndexOverlay, options: FindOptions): Promise<IndexFinds> {
  const shards = new Map<string, IndexShard>();
  const read = async (prefix: string): Promise<IndexShard> => {
    const shard = shards.get(prefix) ?? (await readShard(overlay, prefix, options));
    shards.set(prefix, shard);
    return shard;
  };
  const ends: string[] = [];
  let idle = 0;
  let start = clampDepth(options.startDepth);
  while (idle < DISCOVERY_LIMITS.indexPaths.value) {
    const known = shards.size;
    const end = await descend(read, start, options.random, DISCOVERY_LIMITS.indexReads.value - known);
    ends.push(end);
    // The next way begins near the bottom of another part: what is above has been read, or is read by enough others.
    start = Math.max(0, end.length - 1);
    if (shards.size >= DISCOVERY_LIMITS.indexReads.value || end === "") break;
    if (ends.length >= DISCOVERY_LIMITS.indexPaths.value && countIn(shards) >= options.want) break;
    // Ways of chance that lead nowhere new: the trie is small and all of it is read.
    idle = shards.size > known ? 0 : idle + 1;
  }
  const estimates = ends.map((end) => estimateNodes(end.length, shards.get(end)?.counted ?? 0));
  const inOrder = [...shards].sort(([a], [b]) => b.length - a.length).flatMap(([, { providers }]) => providers);
  return {
    providers: [...new Map(inOrder.map((provider) => [provider.peerId, provider])).values()],
    depth: Math.min(...ends.map((end) => end.length)),
    estimatedNodes: mean(estimates),
    reads: shards.size,
  };
}

/** The depth at which `nodes` fill an index: where to begin to look in one that has about as many, or fewer. */
export function indexDepthOf(nodes: number): number {
  return Math.max(0, Math.floor(Math.log2(nodes / FULL + 1)));
}

/** How many nodes there are where shards above `depth` are full, and each at it names `counted`. */
function estimateNodes(depth: number, counted: number): number {
  return FULL * (2 ** depth - 1) + counted * 2 ** depth;
}

interface Others {
  readonly counted: number;
  readonly isOverfull: boolean;
  /** Whether this node is one of those that may stay if the shard is over-full. */
  readonly mayStay: () => boolean;
}

interface Place {
  readonly depth: number;
  readonly others: Others;
}

type ReadOthers = (depth: number) => Promise<Others>;

async function othersIn(overlay: IndexOverlay, prefix: string, options: ProvideOptions): Promise<Others> {
  const { peerId } = options;
  const { providers, counted } = await readShard(overlay, prefix, options);
  const mayStay = (): boolean => {
    const own = rankInShard(prefix, peerId);
    const counting = providers.slice(0, counted);
    const before = counting.filter((provider) => rankInShard(prefix, provider.peerId) < own).length;
    // The more are seen, the more stand there that no storing peer had room to name.
    return before < FULL ** 2 / counted;
  };
  return { counted, isOverfull: counted >= indexOverfullPeers.value, mayStay };
}

async function join(read: ReadOthers, { startDepth }: ProvideOptions): Promise<Place> {
  let depth = clampDepth(startDepth);
  let others = await read(depth);
  while (others.counted < FULL && depth > 0) {
    depth = Math.floor(depth / 2);
    others = await read(depth);
  }
  return others.counted < FULL ? { depth, others } : goDown(read, depth + 1);
}

async function review(read: ReadOthers, depth: number, { random }: ProvideOptions): Promise<Place> {
  const others = await read(depth);
  if (others.isOverfull && !others.mayStay()) return goDown(read, depth + 1);
  // The parent half of the time, its parent a quarter: a shard is so looked at as often as it names peers, the root too.
  const above = depth - 1 - Math.floor(-Math.log2(1 - random.float()));
  if (above < 0) return { depth, others };
  const place = await read(above);
  return place.counted < SPARSE && random.float() < 0.5 ? { depth: above, others: place } : { depth, others };
}

async function goDown(read: ReadOthers, from: number): Promise<Place> {
  for (let depth = Math.min(from, DEEPEST); ; depth += 1) {
    const others = await read(depth);
    if (others.counted < FULL || depth >= DEEPEST) return { depth, others };
  }
}

/** Goes down along bits of chance from `start` while shards are filled, or up to one that names anyone; returns the end. */
async function descend(
  read: (prefix: string) => Promise<IndexShard>,
  start: number,
  random: Random,
  maxReads: number,
): Promise<string> {
  let prefix = randomBits(start, random);
  let shard = await read(prefix);
  while (shard.counted === 0 && prefix !== "") {
    prefix = prefix.slice(0, Math.floor(prefix.length / 2));
    shard = await read(prefix);
  }
  for (let reads = 1; shard.counted >= SPARSE && prefix.length < DEEPEST && reads < maxReads; reads += 1) {
    const below = prefix + randomBits(1, random);
    shard = await read(below);
    if (shard.counted === 0) return prefix;
    prefix = below;
  }
  return prefix;
}

function randomBits(count: number, random: Random): string {
  return Array.from({ length: count }, () => (random.float() < 0.5 ? "0" : "1")).join("");
}

function clampDepth(depth: number | undefined): number {
  return Math.min(Math.max(Math.floor(depth ?? 0), 0), DEEPEST);
}

function countIn(shards: ReadonlyMap<string, IndexShard>): number {
  return shards.values().reduce((sum, { counted }) => sum + counted, 0);
}

function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
