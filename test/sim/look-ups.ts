import type { Random } from "../../src/core/random.ts";
import { KademliaNetwork, type TableShape } from "./kademlia.ts";

/** One way to keep tables and to look up. */
export interface LookUpWay {
  readonly name: string;
  readonly shape: TableShape;
  readonly paths: number;
}

/** What look-ups came to in a network of one size. */
export interface LookUpFigures {
  readonly way: string;
  readonly peers: number;
  readonly hops: number;
  readonly hopsP99: number;
  /** Peers asked. */
  readonly asked: number;
  readonly askedP99: number;
  /** Of the 20 peers that are closest in truth, the share that a look-up finds. */
  readonly right: number;
  /** Share of pairs of look-ups for one key, from two places, that end at a peer in common: else one does not find what the other put. */
  readonly met: number;
  /** Of those that answer, the share that is found where a fifth of all does not. */
  readonly rightWithGone: number;
}

/** The ways that are compared. */
export const LOOK_UP_WAYS: readonly LookUpWay[] = [
  { name: "Kademlia buckets, 1 path", shape: { kind: "buckets" }, paths: 1 },
  { name: "Kademlia buckets, 3 paths", shape: { kind: "buckets" }, paths: 3 },
  { name: "Kademlia buckets, 10 paths", shape: { kind: "buckets" }, paths: 10 },
  { name: "64 parts, 10 paths (kad-dht as it comes)", shape: { kind: "parts", bits: 6 }, paths: 10 },
  { name: "64 parts, 3 paths", shape: { kind: "parts", bits: 6 }, paths: 3 },
  { name: "4096 parts, 3 paths", shape: { kind: "parts", bits: 12 }, paths: 3 },
];

const GONE = 0.2;

/** Looks up `rounds` random keys, each from two random peers. */
export function measureLookUps(peers: number, way: LookUpWay, random: Random, rounds: number): LookUpFigures {
  const network = new KademliaNetwork(peers, random, { shape: way.shape });
  const anyone = (): number => Math.floor(random.float() * peers);
  const hops: number[] = [];
  const asked: number[] = [];
  let [right, met, rightWithGone] = [0, 0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const key = KademliaNetwork.randomId(random);
    const wanted = network.trulyClosest(key, 20);
    const share = (found: readonly number[]): number => found.filter((peer) => wanted.includes(peer)).length / 20;
    const first = network.lookUp(anyone(), key, way);
    const second = network.lookUp(anyone(), key, way);
    hops.push(first.hops);
    asked.push(first.asked);
    right += share(first.closest);
    met += first.closest.some((peer) => second.closest.includes(peer)) ? 1 : 0;
    const left = network.trulyClosest(key, 20, GONE);
    const { closest } = network.lookUp(anyone(), key, { paths: way.paths, gone: GONE });
    rightWithGone += closest.filter((peer) => left.includes(peer)).length / 20;
  }
  return {
    way: way.name,
    peers,
    hops: mean(hops),
    hopsP99: percentile(hops, 99),
    asked: mean(asked),
    askedP99: percentile(asked, 99),
    right: right / rounds,
    met: met / rounds,
    rightWithGone: rightWithGone / rounds,
  };
}

/** The mean; NaN of none. */
export function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

/** The smallest figure that `percent` of all do not exceed. */
export function percentile(figures: readonly number[], percent: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}
