import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { parseArgs } from "node:util";
import type { HostPort } from "../src/core/network-address.ts";
import { kindsOfDescriptors, type ProcessSample, sampleProcess } from "./process-sample.ts";
import { Processes, type Started } from "./processes.ts";
import { type BulkCounts, runBulk } from "./soak-bulk.ts";
import type { SoakCounts } from "./soak-load.ts";
import { judgeMemory, MOST_GROWTH } from "./soak-verdict.ts";
import { rest, SOAK_WAYS, type SoakTargets } from "./soak-ways.ts";

// Three nodes and a client under every kind of use until so many streams and bytes, or minutes, have passed. It fails when
// a process ends above its plateau of memory, loses descriptors, or anything went otherwise than it must.
//   npm run soak -- [--minutes 30] [--streams 1000000] [--bytes 200000000000] [--bulk 3] [--json FILE]

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    streams: { type: "string", default: "1000000" },
    bytes: { type: "string", default: "200000000000" },
    bulk: { type: "string", default: "3" },
    json: { type: "string" },
  },
});

const TARGET_HOST = "127.200.0.1";
const SAMPLE_MS = 5_000;
const PROGRESS_MS = 30_000;
/** How long what the load used may take to go: a refused stream is drained for 5 s, a half-closed one is given a minute. */
const SETTLE_MS = 90_000;
const USERS = ["", ..."abcde"].flatMap((name) =>
  ["hops-1", "hops-3"].map((hops) => (name === "" ? hops : `session-${name}-${hops}`)),
);

interface Watched extends Started {
  readonly samples: ProcessSample[];
  /** Descriptors before the first circuit. */
  cold: number;
  /** Descriptors when each user's circuit stands and nothing uses it. */
  warm: number;
  /** The same after the load. */
  afterLoad: number;
  /** Descriptors of a node after the client has gone. */
  afterClient: number;
}

const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopped.abort());
const print = (line: string): unknown => process.stdout.write(`${line}\n`);
const descriptors = (part: Started): number => sampleProcess(part.pid).descriptors;
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1).padStart(7);

/** A port at which nothing listens; it was free a moment ago. */
async function freePort(host: string): Promise<HostPort> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return { host, port: address === null || typeof address === "string" ? 0 : address.port };
}

/** Waits until every figure is what it was before, at most `SETTLE_MS`. */
async function settle(parts: readonly Watched[], before: (part: Watched) => number): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < SETTLE_MS && parts.some((part) => descriptors(part) !== before(part)))
    await rest(500, stopped.signal);
}

/** Waits until nobody's descriptors have changed for two seconds. */
async function standStill(parts: readonly Watched[]): Promise<void> {
  let seen = "";
  for (let calm = 0; calm < 4 && !stopped.signal.aborted; ) {
    await rest(500, stopped.signal);
    const now = parts.map(descriptors).join();
    calm = now === seen ? calm + 1 : 0;
    seen = now;
  }
}

async function warmUp(targets: SoakTargets): Promise<void> {
  for (const user of targets.users) await SOAK_WAYS["small, SOCKS5"]?.(targets, user, stopped.signal);
}

interface Run {
  readonly minutes: number;
  readonly streams: number;
  readonly bytes: number;
  readonly load: SoakCounts;
  readonly bulk: BulkCounts;
}

/** Runs the load until one bound is reached, and to the end of every stream. */
async function underLoad(
  parts: readonly Watched[],
  child: ChildProcess,
  targets: SoakTargets,
  folder: string,
): Promise<Run> {
  const startMs = performance.now();
  const minutes = (): number => (performance.now() - startMs) / 60_000;
  const bulk: BulkCounts = { done: 0, bytes: 0, failed: {} };
  const ending = new AbortController();
  let load: SoakCounts = { done: {}, failed: {}, bytes: 0, over: false };
  const run = (): Run => {
    const streams = Object.values(load.done).reduce((sum, count) => sum + count, bulk.done);
    return { minutes: minutes(), streams, bytes: load.bytes + bulk.bytes, load, bulk };
  };
  const over = new Promise<void>((resolve) => {
    child.on("message", (counts: SoakCounts) => {
      load = counts;
      if (counts.over) resolve();
    });
    child.once("exit", () => resolve());
  });
  child.send(targets);
  const bulks = runBulk({ ...targets, folder }, Number(values.bulk), bulk, ending.signal);
  let nextProgressMs = PROGRESS_MS;
  while (!stopped.signal.aborted) {
    await rest(SAMPLE_MS, stopped.signal);
    if (stopped.signal.aborted) break;
    for (const part of parts) part.samples.push(sampleProcess(part.pid));
    const { streams, bytes } = run();
    if (performance.now() - startMs >= nextProgressMs) {
      nextProgressMs += PROGRESS_MS;
      const held = parts.map(({ name, samples }) => `${name} ${mb(samples.at(-1)?.rssBytes ?? 0).trim()}`);
      const failures = Object.values({ ...load.failed, ...bulk.failed }).reduce((sum, count) => sum + count, 0);
      print(
        `${minutes().toFixed(1)} min, ${streams} streams, ${(bytes / 1e9).toFixed(1)} GB, ${failures} failures, MB: ${held.join(", ")}`,
      );
    }
    const enough = streams >= Number(values.streams) && bytes >= Number(values.bytes);
    if (enough || minutes() >= Number(values.minutes)) break;
  }
  const done = run();
  ending.abort();
  if (!stopped.signal.aborted) {
    child.send("stop");
    await Promise.all([over, bulks]);
  }
  return { ...run(), minutes: done.minutes };
}

/** Prints what was found; whether all of it is as it must be. */
function report(parts: readonly Watched[], client: Watched, run: Run): boolean {
  print(`\n${run.minutes.toFixed(1)} minutes, ${run.streams} streams, ${(run.bytes / 1e9).toFixed(1)} GB`);
  for (const [way, count] of Object.entries(run.load.done)) print(`  ${way.padEnd(36)} ${count}`);
  print(`  ${"bulk".padEnd(36)} ${run.bulk.done}`);
  const failed = Object.entries({ ...run.load.failed, ...run.bulk.failed });
  for (const [what, count] of failed) print(`FAILED ${count} times: ${what}`);
  print(
    `\n${"process".padEnd(10)} plateau MB   end MB  most MB  growth (top)    descriptors cold/warm/after load/after client`,
  );
  let ok = failed.length === 0;
  for (const part of parts) {
    const memory = judgeMemory(part.samples);
    // Circuits that were built anew may stand on other nodes, so that only the client's own count is sure in between.
    const kept = part === client ? part.afterLoad <= part.warm : part.afterClient <= part.cold;
    ok &&= memory.ok && kept;
    print(
      `${part.name.padEnd(10)}    ${mb(memory.plateauBytes)}  ${mb(memory.endBytes)}  ${mb(memory.mostBytes)}  ` +
        `${memory.growth.toFixed(3).padStart(6)} (${memory.topGrowth.toFixed(3)})  ${part.cold}/${part.warm}/${part.afterLoad}/${part === client ? "-" : part.afterClient}` +
        `${memory.ok ? "" : `  MEMORY GREW beyond ${MOST_GROWTH}`}${kept ? "" : "  DESCRIPTORS LOST"}`,
    );
  }
  return ok;
}

async function soak(processes: Processes): Promise<boolean> {
  const source = await processes.startModule("bulk-source.ts", [TARGET_HOST]);
  const load = await processes.startModule("soak-load.ts", [TARGET_HOST]);
  const refusing = await freePort(TARGET_HOST);
  const nodes: Watched[] = [];
  const watch = (started: Started): Watched => {
    return { ...started, samples: [], cold: 0, warm: 0, afterLoad: 0, afterClient: 0 };
  };
  for (const [index, host] of ["127.10.0.1", "127.20.0.1", "127.30.0.1"].entries()) {
    const allowTargets = [source.address, refusing, load.address];
    nodes.push(watch(await processes.startNode(`node-${index + 1}`, { host, allowTargets })));
  }
  const client = watch(await processes.startClient());
  const parts = [client, ...nodes];
  for (const part of parts) part.cold = descriptors(part);

  const targets = { proxy: client.address, source: source.address, refusing, echo: load.address, users: USERS };
  await warmUp(targets);
  await standStill(parts);
  for (const part of parts) part.warm = descriptors(part);
  const run = await underLoad(parts, load.child, targets, processes.folder);
  if (stopped.signal.aborted) return false;
  await settle([client], ({ warm }) => warm);
  await standStill(parts);
  for (const part of parts) part.afterLoad = descriptors(part);
  if (client.afterLoad > client.warm) print(`the client kept ${kindsOfDescriptors(client.pid)}`);
  await client.stop();
  await settle(nodes, ({ cold }) => cold);
  for (const node of nodes) {
    node.afterClient = descriptors(node);
    if (node.afterClient > node.cold) print(`${node.name} kept ${kindsOfDescriptors(node.pid)}`);
  }
  const ok = report(parts, client, run);
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ ok, run, parts }));
  return ok;
}

await using processes = new Processes();
try {
  process.exitCode = (await soak(processes)) ? 0 : 1;
} catch (error) {
  if (!stopped.signal.aborted) throw error;
}
if (stopped.signal.aborted) process.exitCode = 130;
