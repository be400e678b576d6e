import type { Random } from "../../src/core/random.ts";
import { indexDepthOf } from "../../src/discovery/index-trie.ts";
import { Country, type Member } from "../support/country.ts";
import { mean } from "./look-ups.ts";

/** How the index of a country behaves at one size. */
export interface IndexFigures {
  readonly nodes: number;
  /** Nodes in the fullest shard. */
  readonly largestShard: number;
  readonly depth: number;
  /** Keys that a node reads to find its place. */
  readonly readsToJoin: number;
  /** Keys that a search for 200 nodes reads: the first, and those that begin where the first ended. */
  readonly readsCold: number;
  readonly readsWarm: number;
  readonly found: number;
  /** The mean of the estimates of the size, over the size. */
  readonly estimate: number;
  /** Reads of the key that is read most, while each node reviews its place once. */
  readonly hottestKeyReads: number;
}

/** What a rush of nodes that all come within a minute does to the index. */
export interface RushFigures {
  readonly nodes: number;
  /** By minutes after the rush: nodes in the fullest shard, and the share of nodes that no search can find. */
  readonly steps: readonly { readonly minute: number; readonly largestShard: number; readonly lost: number }[];
}

const SEARCHES = 40;
/** Someone who joins reckons the depth from the size of the network; here it is wrong by one. */
const HINT_SLACK = 1;

/** Lets `nodes` join one after the other, searches, and lets each review its place once. */
export async function measureIndex(nodes: number, random: Random): Promise<IndexFigures> {
  const country = new Country(random, { keyPeers: KEY_PEERS });
  for (const [at, member] of country.add(nodes).entries()) await country.place(member, indexDepthOf(at) - HINT_SLACK);
  const readsToJoin = country.index.reads / nodes;
  const searches = { cold: [] as number[], warm: [] as number[], found: [] as number[], estimate: [] as number[] };
  for (let round = 0; round < SEARCHES; round += 1) {
    const first = await country.find(200);
    searches.cold.push(first.reads);
    searches.found.push(first.providers.length);
    searches.estimate.push(first.estimatedNodes / nodes);
    searches.warm.push((await country.find(200, first.depth)).reads);
  }
  const sizes = country.sizes();
  country.index.readsByKey.clear();
  for (const member of country.members) await country.place(member);
  return {
    nodes,
    largestShard: Math.max(...sizes.values()),
    depth: Math.max(...[...sizes.keys()].map((prefix) => prefix.length)),
    readsToJoin,
    readsCold: mean(searches.cold),
    readsWarm: mean(searches.warm),
    found: mean(searches.found),
    estimate: mean(searches.estimate),
    hottestKeyReads: Math.max(...country.index.readsByKey.values()),
  };
}

/** Peers that a storing peer keeps under one key. */
const KEY_PEERS = 96;
const PROPAGATION_MS = 5_000;
/** How long a name that is no longer renewed stays. */
const VALID_MS = 3 * 3_600_000;

/** Lets `nodes` come within one minute, none knowing of the others, and reports the `minutes` after. */
export async function measureRush(nodes: number, minutes: readonly number[], random: Random): Promise<RushFigures> {
  const country = new Country(random, { keyPeers: KEY_PEERS, validMs: VALID_MS, delayMs: PROPAGATION_MS });
  const due = new Map<number, Member[]>();
  const plan = (member: Member, second: number): void => {
    const at = due.get(second);
    if (at === undefined) due.set(second, [member]);
    else at.push(member);
  };
  for (const member of country.add(nodes)) plan(member, Math.floor(random.float() * 60));
  const steps: RushFigures["steps"][number][] = [];
  for (let second = 0; second <= Math.max(...minutes) * 60; second += 1) {
    country.index.nowMs = second * 1_000;
    for (const member of due.get(second) ?? []) {
      const { reviewInMs } = await country.place(member);
      plan(member, second + 1 + Math.ceil(reviewInMs / 1_000));
    }
    due.delete(second);
    if (second % 60 === 0 && minutes.includes(second / 60)) {
      const sizes = [...country.sizes()].map(([, size]) => size);
      steps.push({ minute: second / 60, largestShard: Math.max(...sizes), lost: 1 - country.namedShare() });
    }
  }
  return { nodes, steps };
}
