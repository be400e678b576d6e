import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";
import { parseAuthority } from "../src/wire/authority.ts";
import { FLOODS, type FloodKind } from "../test/support/flood.ts";
import { startFlood } from "../test/support/start-flood.ts";
import { endlessDownload } from "./endless-download.ts";
import { cpuSeconds } from "./process-family.ts";
import { median, ratio } from "./statistics.ts";

// What a flood leaves of an established download through one node: turns without and with each flood, alternating; the
// ratio is the median over pairs. Everything runs on this machine, the floods at the lowest priority, so that it is the
// node that they slow and not the one who measures. Linux only.
//   npm run bench:floods -- [--floods silent,half,handshakes,resets,refusals] [--seconds 4] [--runs 5]

const { values } = parseArgs({
  options: {
    floods: { type: "string", default: FLOODS.join(",") },
    seconds: { type: "string", default: "4" },
    runs: { type: "string", default: "5" },
  },
  allowPositionals: true,
});
const SOURCE_HOST = "127.200.0.3";
const NODE_HOST = "127.10.0.3";
const LOWEST_PRIORITY = 19;
const WITHOUT_END = 10_000_000;

/** Downloads without end over one link, and tells for each message how many bytes came since the one before. */
async function download(address: string, peerId: string, authority: string): Promise<void> {
  const stream = await endlessDownload(address, peerId, authority);
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  process.on("message", () => {
    process.send?.(bytes);
    bytes = 0;
  });
}

interface Turn {
  readonly bytesPerSecond: number;
  readonly bytesPerCpuSecond: number;
}

async function turn(client: ChildProcess, nodePid: number): Promise<Turn> {
  const ask = async (): Promise<number> => {
    client.send("count");
    return Number((await once(client, "message"))[0]);
  };
  await ask();
  const [startedMs, cpu] = [performance.now(), cpuSeconds([nodePid])];
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  const bytes = await ask();
  return {
    bytesPerSecond: (bytes * 1000) / (performance.now() - startedMs),
    bytesPerCpuSecond: bytes / (cpuSeconds([nodePid]) - cpu),
  };
}

async function measure(kind: FloodKind, client: ChildProcess, nodePid: number, address: HostPort): Promise<string> {
  const [without, during]: [Turn[], Turn[]] = [[], []];
  const acts: number[] = [];
  for (let round = 0; round < Number(values.runs); round += 1) {
    without.push(await turn(client, nodePid));
    const isOnLinks = kind === "resets" || kind === "refusals";
    const flood = startFlood(kind, address, {
      count: WITHOUT_END,
      lanes: isOnLinks ? 8 : kind === "handshakes" ? 64 : 1_000,
      networks: 100,
      seconds: Number(values.seconds) + 1,
      nice: LOWEST_PRIORITY,
    });
    during.push(await turn(client, nodePid));
    const outcome = await flood.outcome;
    acts.push(outcome.acts / outcome.seconds);
  }
  const rates = (turns: readonly Turn[], figure: keyof Turn): readonly number[] => turns.map((each) => each[figure]);
  const megabytes = (turns: readonly Turn[]): string => (median(rates(turns, "bytesPerSecond")) / 1e6).toFixed(0);
  const left = (figure: keyof Turn): string => ratio(rates(during, figure), rates(without, figure)).toFixed(2);
  return (
    `${kind.padEnd(11)} ${megabytes(without).padStart(4)} MB/s without, ${megabytes(during).padStart(4)} with ` +
    `${median(acts).toFixed(0)} acts/s: ratio ${left("bytesPerSecond")}, per CPU second ${left("bytesPerCpuSecond")}`
  );
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "byway-bench-"));
  const source = fork(fileURLToPath(new URL("bulk-source.ts", import.meta.url)), [SOURCE_HOST]);
  const [{ address: target }] = (await once(source, "message")) as [{ readonly address: HostPort }];
  const launcher = fileURLToPath(new URL("../bin/byway.cjs", import.meta.url));
  const where = ["--listen", `${NODE_HOST}:0`, "--local-network", "--data", folder];
  const node = spawn(
    execPath,
    [launcher, "node", "--json", "--exit", "--unlisted", ...where, "--allow-target", formatHostPort(target)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const { address, peerId } = JSON.parse(String((await once(createInterface(node.stdout), "line"))[0]));
  const client = fork(fileURLToPath(import.meta.url), ["download", address, peerId, formatHostPort(target)]);
  for (const kind of FLOODS.filter((name) => values.floods.split(",").includes(name)))
    process.stdout.write(`${await measure(kind, client, node.pid ?? 0, parseAuthority(address))}\n`);
  for (const child of [client, node, source]) {
    const gone = once(child, "exit");
    child.kill();
    await gone;
  }
  rmSync(folder, { recursive: true });
}

if (argv[2] === "download") await download(argv[3] ?? "", argv[4] ?? "", argv[5] ?? "");
else await main();
