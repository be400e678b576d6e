import { type ChildProcess, execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

// One big download and new streams a second, through one hop and through three, against the same without Byway.
// Every part is a process of its own: a source, three nodes, the client, and curl or stream-load.ts as the app.
//   npm run bench -- [--runs 5] [--bytes 2000000000] [--streams 5000] [--width 32] [--hops 1,3]

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    bytes: { type: "string", default: "2000000000" },
    streams: { type: "string", default: "5000" },
    width: { type: "string", default: "32" },
    hops: { type: "string", default: "1,3" },
  },
});
const LAUNCHER = fileURLToPath(new URL("../bin/byway.cjs", import.meta.url));
const SOURCE = { host: "127.200.0.1", port: 9099 };
const PROXY_PORT = 9098;
const run = promisify(execFile);
const started: ChildProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), "byway-bench-"));

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

async function byway(args: readonly string[]): Promise<void> {
  const child = spawn(execPath, [LAUNCHER, ...args, "--json"], { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  if (child.stdout !== null) await once(createInterface(child.stdout), "line");
}

async function startNetwork(): Promise<void> {
  const source = fork(fileURLToPath(new URL("source.ts", import.meta.url)), [SOURCE.host, String(SOURCE.port)]);
  started.push(source);
  await once(source, "message");
  const peers: string[] = [];
  for (const index of [1, 2, 3]) {
    const host = `127.${index * 10}.0.1`;
    const file = join(folder, `${index}.peers`);
    await byway([
      "node",
      ...["--data", join(folder, `node-${index}`), "--listen", `${host}:${9000 + index}`, "--bind-egress", host],
      ...["--allow-target", `${SOURCE.host}:${SOURCE.port}`, "--advertisement-file", file, "--local-network"],
    ]);
    peers.push("--peers", file);
  }
  await byway([
    "up",
    "--data",
    join(folder, "client"),
    "--listen",
    `127.0.0.1:${PROXY_PORT}`,
    "--local-network",
    ...peers,
  ]);
}

async function download(hops: number): Promise<number> {
  const proxy = hops === 0 ? [] : ["--proxy", `socks5h://hops-${hops}:x@127.0.0.1:${PROXY_PORT}`];
  const url = `http://${SOURCE.host}:${SOURCE.port}/${values.bytes}`;
  const { stdout } = await run("curl", ["-sS", "-o", "/dev/null", "-w", "%{speed_download}", ...proxy, url]);
  return Number(stdout) / 1e6;
}

async function streams(hops: number): Promise<number> {
  const script = fileURLToPath(new URL("stream-load.ts", import.meta.url));
  const target = [SOURCE.host, String(SOURCE.port)];
  const { stdout } = await run(execPath, [
    script,
    String(PROXY_PORT),
    `hops-${hops}`,
    ...target,
    values.streams,
    values.width,
  ]);
  return Number(stdout);
}

try {
  await startNetwork();
  process.stdout.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown CPU"}\n`);
  const depths = values.hops.split(",").map(Number);
  const speeds = new Map<number, number[]>([0, ...depths].map((hops) => [hops, []]));
  const rates = new Map<number, number[]>(depths.map((hops) => [hops, []]));
  for (let round = 0; round < Number(values.runs); round += 1) {
    for (const [hops, figures] of speeds) figures.push(await download(hops));
    for (const [hops, figures] of rates) figures.push(await streams(hops));
  }
  const row = (what: string, figures: readonly number[], unit: string): void => {
    const [low, high] = [Math.min(...figures), Math.max(...figures)].map((figure) => figure.toFixed(0));
    process.stdout.write(`${what.padEnd(28)} ${median(figures).toFixed(0).padStart(6)} ${unit}  (${low} to ${high})\n`);
  };
  for (const [hops, figures] of speeds)
    row(hops === 0 ? "download, no proxy" : `download, ${hops} hops`, figures, "MB/s");
  for (const [hops, figures] of rates) row(`new streams, ${hops} hops`, figures, "per second");
} finally {
  for (const child of started.toReversed()) {
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  }
  rmSync(folder, { recursive: true });
}
