import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Amount, type LoadResult, loadCommand } from "./load-program.ts";
import { startByway } from "./peers/byway.ts";
import type { World } from "./peers/peer.ts";
import { residentBytes } from "./process-family.ts";
import type { Site } from "./site.ts";

/** What Byway's processes hold, at rest and with many open streams that carry nothing. */
export interface MemoryFigures {
  /** The largest of the three nodes right after it started. */
  readonly nodeAtRestBytes: number;
  readonly clientAtRestBytes: number;
  readonly idleStreams: number;
  readonly clientBytesPerStream: number;
  /** The worst of the three nodes, which share the streams evenly. */
  readonly nodeBytesPerStream: number;
}

// A link carries 1024 streams at most, so each node gets its share over several circuits.
const STREAMS_PER_CIRCUIT = 800;
const WARMING_STREAMS = 600;
// Until the collector has had its turn with what opening the streams left behind.
const SETTLE_MS = 3000;

async function whileHeld<T>(site: Site, command: readonly [string, ...string[]], look: () => Promise<T>): Promise<T> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], signal: site.signal });
  child.on("error", () => {}); // An abort; the line below never comes then.
  const gone = once(child, "exit");
  try {
    const ended = gone.then(() => Promise.reject(new Error("the load ended before its streams were open")));
    ended.catch(() => {});
    const [line] = (await Promise.race([once(createInterface(child.stdout), "line"), ended])) as [string];
    const { failed, failure } = JSON.parse(line) as LoadResult;
    if (failed > 0) throw new Error(`${failed} idle streams failed: ${failure}`);
    return await look();
  } finally {
    child.stdin.end();
    await gone.catch(() => {});
  }
}

/** Measures a fresh network of Byway's, which it starts and takes away again. The streams go through one hop each. */
export async function measureMemory(whole: Site, world: World, idleStreams: number): Promise<MemoryFigures> {
  await using site = whole.part("memory");
  const { proxy, clientPid, nodes } = await startByway(site, world.source, { nodes: 3, hops: 1 });
  const memory = (): readonly [number, ...number[]] => [
    residentBytes([clientPid]),
    ...nodes.map(({ pid }) => residentBytes([pid])),
  ];
  const [clientAtRest, ...nodesAtRest] = memory();
  const circuits = Math.ceil(idleStreams / nodes.length / STREAMS_PER_CIRCUIT);
  const vias = Array.from({ length: circuits }, (_, circuit) =>
    nodes.map(({ peerId }) => `socks5:${proxy.host}:${proxy.port}:hops-1-node-${peerId}-session-s${circuit}`),
  ).flat();
  const hold = (amount: Amount): readonly [string, ...string[]] =>
    loadCommand(world.load, "hold", { inside: [], target: world.source, vias }, amount);
  // What a process loads and compiles on its first streams is no cost of a stream.
  const warming = { path: "/idle", total: Math.min(WARMING_STREAMS, idleStreams), width: 32 };
  await whileHeld(site, hold(warming), async () => {});
  await sleep(SETTLE_MS, undefined, { signal: site.signal });
  const [clientBefore, ...nodesBefore] = memory();
  // Awaited here: the network must outlive it.
  return await whileHeld(site, hold({ path: "/idle", total: idleStreams, width: 64 }), async () => {
    await sleep(SETTLE_MS, undefined, { signal: site.signal });
    const [clientAfter, ...nodesAfter] = memory();
    const growth = nodesAfter.map((after, index) => after - (nodesBefore[index] ?? 0));
    return {
      nodeAtRestBytes: Math.max(...nodesAtRest),
      clientAtRestBytes: clientAtRest,
      idleStreams,
      clientBytesPerStream: (clientAfter - clientBefore) / idleStreams,
      nodeBytesPerStream: (Math.max(...growth) * nodes.length) / idleStreams,
    };
  });
}
