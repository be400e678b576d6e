import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, execPath } from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";
import { endlessDownload } from "./endless-download.ts";
import { OWN_LOAD } from "./own-load.ts";
import { cpuSeconds } from "./process-family.ts";

// Downloads over several links through one node that has 1, 2, … workers; every link is a process of its own. Linux only.
//   node bench/workers.ts [--workers 1,2] [--links 4] [--seconds 4] [--runs 3] [--share 1]
// On a machine whose cores are busy with the load itself, `--share 0.2` stops each worker for four fifths of the time:
// it shows what cores that slow would do, without the load in the way.

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "1,2" },
    links: { type: "string", default: "4" },
    seconds: { type: "string", default: "4" },
    runs: { type: "string", default: "3" },
    share: { type: "string", default: "1" },
  },
  allowPositionals: true,
});
const SOURCE_HOST = "127.200.0.1";
const SLICE_MS = 10;

/** One link that downloads, and tells how many bytes came in the time that it is asked to count. */
async function load(address: string, peerId: string, authority: string): Promise<void> {
  const stream = await endlessDownload(address, peerId, authority);
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  process.send?.("ready");
  await once(process, "message");
  bytes = 0;
  setTimeout(() => process.send?.(bytes, () => process.exit()), Number(values.seconds) * 1000);
}

/** Lets each process run for `share` of the time only, one after the other. */
function slowDown(pids: readonly number[], share: number): () => void {
  const period = Math.round(1 / share);
  let turn = 0;
  const timer = setInterval(() => {
    turn += 1;
    pids.forEach((pid, index) => {
      const isOn = (turn + Math.floor((index * period) / pids.length)) % period === 0;
      process.kill(pid, isOn ? "SIGCONT" : "SIGSTOP");
    });
  }, SLICE_MS);
  return () => {
    clearInterval(timer);
    for (const pid of pids) process.kill(pid, "SIGCONT");
  };
}

async function measure(workers: string, folder: string, source: string): Promise<string> {
  const launcher = fileURLToPath(new URL("../bin/byway.cjs", import.meta.url));
  const settings = ["--listen", "127.10.0.1:0", "--local-network", "--data", folder, "--workers", workers];
  const target = ["--allow-target", source, "--policy", "accept *:*"];
  const node = spawn(execPath, [launcher, "node", "--json", "--relay", "--exit", ...settings, ...target, ...OWN_LOAD], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = node.pid ?? 0;
  const { address, peerId } = JSON.parse(String((await once(createInterface(node.stdout), "line"))[0]));
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  const loads: ChildProcess[] = [];
  for (let n = 0; n < Number(values.links); n += 1) {
    const child = fork(fileURLToPath(import.meta.url), [...argv.slice(2), "load", address, peerId, source]);
    await once(child, "message");
    loads.push(child);
  }
  const share = Number(values.share);
  const restore = share < 1 ? slowDown(children.length === 0 ? [pid] : children, share) : () => {};
  const before = cpuSeconds([pid, ...children]);
  const counts = loads.map((child) => once(child, "message"));
  for (const child of loads) child.send("count");
  const bytes = (await Promise.all(counts)).reduce((sum, [count]) => sum + Number(count), 0);
  const cpu = cpuSeconds([pid, ...children]) - before;
  restore();
  const gone = once(node, "exit");
  node.kill();
  await gone;
  const [rate, busy, cost] = [bytes / 1e6 / Number(values.seconds), cpu / Number(values.seconds), bytes / 1e6 / cpu];
  return `${workers} workers: ${rate.toFixed(0)} MB/s, ${busy.toFixed(2)} cores busy, ${cost.toFixed(0)} MB per CPU second`;
}

const loadAt = argv.indexOf("load");
if (loadAt !== -1) await load(argv[loadAt + 1] ?? "", argv[loadAt + 2] ?? "", argv[loadAt + 3] ?? "");
else {
  const folder = mkdtempSync(join(tmpdir(), "byway-bench-"));
  const source = fork(fileURLToPath(new URL("bulk-source.ts", import.meta.url)), [SOURCE_HOST]);
  const [{ address }] = (await once(source, "message")) as [{ readonly address: HostPort }];
  for (let round = 0; round < Number(values.runs); round += 1) {
    for (const workers of values.workers.split(","))
      process.stdout.write(`${await measure(workers, folder, formatHostPort(address))}\n`);
  }
  source.kill();
  rmSync(folder, { recursive: true });
}
