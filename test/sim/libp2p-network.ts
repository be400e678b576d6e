import type { Random } from "../../src/core/random.ts";
import { findInIndex, provideInIndex } from "../../src/discovery/index-trie.ts";
import { type MemoryPeer, startMemoryPeer } from "../support/memory-overlays.ts";
import { testRecord } from "../support/overlays.ts";
import { mean, percentile } from "./look-ups.ts";

/** What a network of real libp2p hosts in this process came to. */
export interface Libp2pFigures {
  readonly hosts: number;
  /** Seconds until all had started, joined through one bootstrap, put their record and their name. */
  readonly joinedSec: number;
  /** Share of records that a host drawn by chance found by the id of another. */
  readonly recordsFound: number;
  readonly lookUpMs: number;
  readonly lookUpP99Ms: number;
  /** Share of all hosts that one search of the index found, and the keys that it read. */
  readonly indexFound: number;
  readonly indexReads: number;
  /** Depth of the index. */
  readonly depth: number;
  /** Connections of a host, on average. */
  readonly connections: number;
  /** What hosts take the size of the network for, over its size. */
  readonly estimate: number;
  readonly residentMbPerHost: number;
  readonly cpuSecPerHost: number;
}

/** All hosts share one thread: more at once only run into each other's time limits. */
const AT_ONCE = 3;
const TRIES = 5;
const COUNTRY = "de";

/** Starts `hosts` overlays on the memory transport, all told of the first only, and lets them find each other `samples` times. */
export async function measureLibp2p(
  hosts: number,
  samples: number,
  random: Random,
  say: (line: string) => void = () => {},
): Promise<Libp2pFigures> {
  const before = { cpu: process.cpuUsage(), resident: process.memoryUsage.rss(), ms: performance.now() };
  const peers: MemoryPeer[] = [];
  const options = { country: COUNTRY, random, networkOf: () => undefined };
  const anyone = (): MemoryPeer => {
    const peer = peers[Math.floor(random.float() * peers.length)];
    if (peer === undefined) throw new Error("nobody is there");
    return peer;
  };
  try {
    const bootstrap = await startMemoryPeer("sim-0");
    peers.push(bootstrap);
    await inTurns(hosts - 1, async (at) => {
      const peer = await startMemoryPeer(`sim-${at + 1}`);
      peers.push(peer);
      await connect(peer, bootstrap.address);
    });
    say("all are connected");
    const depths: number[] = [];
    await inTurns(hosts, async (at) => {
      const { overlay, identity } = peers[at] ?? bootstrap;
      await overlay.putRecord(identity.peerId, testRecord(identity, 1));
      const { prefix } = await provideInIndex(overlay, { ...options, peerId: identity.peerId });
      depths.push(prefix.length);
      if (depths.length % 50 === 0) say(`${depths.length} are named`);
    });
    const joinedSec = (performance.now() - before.ms) / 1_000;
    say("all are named");
    const tookMs: number[] = [];
    let found = 0;
    await inTurns(samples, async () => {
      const [asker, wanted] = [anyone(), anyone()];
      const startedMs = performance.now();
      const record = await asker.overlay.getRecord(wanted.identity.peerId);
      tookMs.push(performance.now() - startedMs);
      if (record !== undefined) found += 1;
    });
    const searches: { readonly found: number; readonly reads: number }[] = [];
    await inTurns(Math.ceil(samples / 10), async () => {
      const { providers, reads } = await findInIndex(anyone().overlay, { ...options, want: hosts });
      searches.push({ found: providers.length / hosts, reads });
    });
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      hosts,
      joinedSec,
      recordsFound: found / samples,
      lookUpMs: mean(tookMs),
      lookUpP99Ms: percentile(tookMs, 99),
      indexFound: mean(searches.map((one) => one.found)),
      indexReads: mean(searches.map((one) => one.reads)),
      depth: Math.max(...depths),
      connections: mean(peers.map(({ overlay }) => overlay.connected().length)),
      estimate: mean(peers.map(({ overlay }) => (overlay.estimatedPeers() ?? 0) / hosts)),
      residentMbPerHost: (process.memoryUsage.rss() - before.resident) / 1e6 / hosts,
      cpuSecPerHost: (user + system) / 1e6 / hosts,
    };
  } finally {
    await Promise.all(peers.map(({ overlay }) => overlay.stop()));
  }
}

/** Connects as a node does: again, when the bootstrap was too busy. */
async function connect({ overlay }: MemoryPeer, address: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await overlay.connect(address);
      return;
    } catch (error) {
      if (attempt >= TRIES) throw error;
    }
  }
}

/** Runs `one` for 0 to `count` - 1, a few at a time. */
async function inTurns(count: number, one: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await one(next - 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
