import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { cpuSeconds } from "./process-family.ts";

// How long a client that has just been started needs until it can be used, in a network of 100 nodes on this machine, with
// nothing but one bootstrap address and with the store of an earlier run: `npm run bench:joining [-- --json] [--nodes N]`.

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    nodes: { type: "string", default: "100" },
    usable: { type: "string", default: "50" },
    runs: { type: "string", default: "5" },
  },
});
const nodes = Number(values.nodes);
const PROCESSES = 4;
/** Share of a core that all nodes together use when they have settled. */
const QUIET = 0.15;
const SETTLE_MS = 600_000;
const LOOK_MS = 5_000;

const program = (name: string): string => new URL(name, import.meta.url).pathname;
const children: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "byway-joining-"));

async function startNodes(first: number, count: number, bootstrap: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [program("joining-nodes.ts"), String(first), String(count), ...bootstrap], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const address = String((await lines.next()).value);
  await lines.next();
  return address;
}

async function settle(): Promise<number> {
  const startMs = performance.now();
  const used = (): number => cpuSeconds(children.map(({ pid = 0 }) => pid));
  let before = used();
  while (performance.now() - startMs < SETTLE_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const now = used();
    if ((now - before) / (LOOK_MS / 1000) < QUIET) break;
    before = now;
  }
  return performance.now() - startMs;
}

interface Start {
  readonly circuitMs: number;
  readonly usableMs: number;
}

async function startClient(store: string, bootstrap: string): Promise<Start> {
  const child = spawn(process.execPath, [program("joining-client.ts"), store, values.usable, bootstrap], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = await once(child.stdout, "data");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return JSON.parse(String(chunk)) as Start;
}

function middle(
  starts: readonly Start[],
  read: (start: Start) => number,
): { median: number; least: number; most: number } {
  const sorted = starts.map(read).sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

try {
  const share = Math.ceil(nodes / PROCESSES);
  const bootstrap = await startNodes(0, share, []);
  for (let first = share; first < nodes; first += share)
    await startNodes(first, Math.min(share, nodes - first), [bootstrap]);
  const settledMs = await settle();
  const cold: Start[] = [];
  const warm: Start[] = [];
  for (let run = 0; run < Number(values.runs); run += 1) {
    const store = join(folder, `peers-${run}.sqlite`);
    cold.push(await startClient(store, bootstrap));
    warm.push(await startClient(store, bootstrap));
  }
  const figures = [
    { name: `no store: ${values.usable} nodes usable`, goalMs: 10_000, ...middle(cold, ({ usableMs }) => usableMs) },
    { name: "no store: a circuit to a named country", goalMs: 10_000, ...middle(cold, ({ circuitMs }) => circuitMs) },
    { name: `with a store: ${values.usable} nodes usable`, goalMs: 3_000, ...middle(warm, ({ usableMs }) => usableMs) },
    {
      name: "with a store: a circuit to a named country",
      goalMs: 3_000,
      ...middle(warm, ({ circuitMs }) => circuitMs),
    },
  ];
  if (values.json) console.log(JSON.stringify({ nodes, settledMs, figures }));
  else {
    console.log(`${nodes} nodes in ${PROCESSES} processes, settled after ${Math.round(settledMs / 1000)} s`);
    for (const { name, goalMs, median, least, most } of figures) {
      const ms = (value: number): string => `${(value / 1000).toFixed(2)} s`;
      console.log(`${name.padEnd(44)} ${ms(median)} (${ms(least)} to ${ms(most)}), goal < ${goalMs / 1000} s`);
    }
  }
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
