import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toChart } from "./chart.ts";
import { measureDistance } from "./distance.ts";
import { findLosses, judge } from "./goals.ts";
import { buildLoad, NODE_LOAD, startSource } from "./load-program.ts";
import { commitHere, describeMachine } from "./machine.ts";
import { measureAll } from "./measure.ts";
import { measureMemory } from "./memory.ts";
import { missingPackages, PEERS } from "./peers/all.ts";
import type { Contender, Peer, World } from "./peers/peer.ts";
import { replaceGenerated, toMarkdown, toText } from "./report.ts";
import type { Results } from "./results.ts";
import { freePort, Site } from "./site.ts";

// Byway against other proxies on this machine: `npm run bench -- [--quick] [--write] [--only NAME]…`.
// docs/performance.md says what is measured and how it is kept fair.

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCE_HOST = "127.200.0.1";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    /** Replace the run in docs/performance.md, .json and .svg. */
    write: { type: "boolean", default: false },
    /** Where to write the JSON and the chart instead. */
    output: { type: "string" },
    /** Only peers whose names hold one of these, and Byway. */
    only: { type: "string", multiple: true },
    rounds: { type: "string" },
    seconds: { type: "string" },
    width: { type: "string", default: "32" },
    idle: { type: "string" },
    /** Use the load in Node even where there is a compiler. */
    "node-load": { type: "boolean", default: false },
    /** Have the load send all SOCKS messages and the request at once to Byway, which takes that. */
    optimistic: { type: "boolean", default: false },
  },
});
const { quick } = values;
const plan = {
  rounds: Number(values.rounds ?? (quick ? 3 : 7)),
  seconds: Number(values.seconds ?? (quick ? 0.5 : 2)),
  width: Number(values.width),
};
const idleStreams = Number(values.idle ?? (quick ? 2000 : 10_000));

const leftOut: { readonly name: string; readonly reason: string }[] = [];
function lost(name: string, reason: string): void {
  leftOut.push({ name, reason });
  console.error(`left out: ${name}: ${reason}`);
}

function chosen(): readonly Peer[] {
  const packages = new Set(PEERS.flatMap(missingPackages));
  if (packages.size > 0) console.error(`not installed: apt-get install ${[...packages].join(" ")}`);
  return PEERS.filter(({ name }) => {
    if (quick && name === "Tor, KIST") {
      lost(name, "a quick run has Tor with its faster scheduler only");
      return false;
    }
    return name === "Byway" || values.only === undefined || values.only.some((part) => name.includes(part));
  }).filter((peer) => {
    const missing = missingPackages(peer);
    const reason = missing.length > 0 ? `needs ${missing.join(" ")}` : peer.obstacle?.();
    if (reason !== undefined) lost(peer.name, reason);
    return reason === undefined;
  });
}

async function startPeer(site: Site, world: World, peer: Peer): Promise<readonly Contender[]> {
  const part = site.part(peer.name.replaceAll(/[^\w]+/g, "-"));
  try {
    return await peer.start(part, world);
  } catch (error) {
    await part[Symbol.asyncDispose]();
    site.signal.throwIfAborted();
    lost(peer.name, error instanceof Error ? error.message : String(error));
    return [];
  }
}

/** The same once more, with nothing waited for. It is no rival, as others are not asked in this manner. */
function optimistic(contender: Contender): Contender {
  const vias = contender.vias.map((via) => via.replace(/^socks5:/, "socks5-optimistic:"));
  return {
    ...contender,
    vias,
    name: `optimistic ${contender.name}`,
    remark: "all SOCKS messages and the request at once",
  };
}

async function run(signal: AbortSignal): Promise<Results> {
  await using site = new Site(signal);
  const machine = await describeMachine();
  const commit = await commitHere(ROOT); // Of what is about to run, whatever changes meanwhile.
  const load = values["node-load"] ? NODE_LOAD : await buildLoad(site);
  const source = { host: SOURCE_HOST, port: await freePort(SOURCE_HOST) };
  await startSource(site, load, source);
  const world = { source, load };
  const peers = chosen();
  // Tor needs half a minute to agree on a directory; meanwhile memory is measured, which does not mind.
  const isSlow = ({ name }: Peer): boolean => name.startsWith("Tor");
  const slow = Promise.all(peers.filter(isSlow).map((peer) => startPeer(site, world, peer)));
  slow.catch(() => {}); // It is awaited below, unless what comes between fails first.
  console.error("memory …");
  const memory = await measureMemory(site, world, idleStreams).catch((error: unknown) => {
    signal.throwIfAborted();
    lost("memory", error instanceof Error ? error.message : String(error));
    return undefined;
  });
  const contenders: Contender[] = [];
  for (const peer of peers.filter((one) => !isSlow(one))) contenders.push(...(await startPeer(site, world, peer)));
  contenders.push(...(await slow).flat());
  if (values.optimistic) contenders.push(...contenders.filter(({ name }) => name.startsWith("Byway")).map(optimistic));
  console.error(`${contenders.length} contenders, ${plan.rounds} rounds …`);
  const measured = await measureAll(site, world, contenders, plan, lost);
  const rows = measured.map(({ contender: { name, hops, rival, remark }, downloads, streams }) => ({
    ...{ name, hops, rival, remark },
    ...{ downloads, streams },
  }));
  console.error("distance …");
  const distance = await measureDistance(quick, signal, lost);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    quick,
    load: load.kind,
    rounds: plan.rounds,
    secondsPerRun: plan.seconds,
    width: plan.width,
    machine,
    rows,
    memory,
    distance,
    goals: judge(rows, memory, distance),
    losses: findLosses(rows),
    leftOut,
  };
}

function write(results: Results, folder: string): void {
  writeFileSync(join(folder, "performance.json"), `${JSON.stringify(results, undefined, 2)}\n`);
  writeFileSync(join(folder, "performance.svg"), toChart(results));
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
// A fault takes the same way out, so that even then nothing is left behind.
process.on("uncaughtException", (error) => stop.abort(error));
try {
  const results = await run(stop.signal);
  console.log(toText(results));
  if (values.output !== undefined) write(results, values.output);
  if (values.write) {
    write(results, join(ROOT, "docs"));
    const page = join(ROOT, "docs", "performance.md");
    writeFileSync(page, replaceGenerated(readFileSync(page, "utf8"), toMarkdown(results)));
  }
} catch (error) {
  console.error(stop.signal.aborted ? String(stop.signal.reason) : error);
  process.exitCode = stop.signal.aborted ? 130 : 1;
}
