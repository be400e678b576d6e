import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import type { HostPort } from "../src/core/network-address.ts";
import { type PeerId, parsePeerId } from "../src/identity/peer-id.ts";
import type { Link } from "../src/link/link.ts";
import { openLink } from "../src/link/open-link.ts";
import { TcpTransport } from "../src/link/tcp-transport.ts";
import { roomyBudget } from "../test/support/roomy-budget.ts";
import { median, ratio } from "./statistics.ts";

// What a pace costs and how well it keeps: downloads over one hop through an exit that holds its splices to none, to one
// far above the machine, or to a real one. Loopback only.
//   node bench/pace.ts [--gb 1] [--runs 5] [--mbps 20] [--seconds 10] [--against CHECKOUT]
// `--against` takes turns with the sources of another checkout, which needs a `node_modules`.

const { values } = parseArgs({
  options: {
    gb: { type: "string", default: "1" },
    runs: { type: "string", default: "5" },
    mbps: { type: "string", default: "20" },
    seconds: { type: "string", default: "10" },
    against: { type: "string" },
  },
});
const HERE = fileURLToPath(new URL("..", import.meta.url));
const FAR_ABOVE = "1000000000000";

interface Exit extends Disposable {
  readonly link: Link;
  readonly target: string;
  cpuSeconds(): Promise<number>;
}

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args);
}

async function startExit(checkout: string, hold: string, target: HostPort): Promise<Exit> {
  const child = start("pace-node.ts", [checkout, hold, target.host, String(target.port)]);
  const [{ address, peerId }] = (await once(child, "message")) as [{ address: HostPort; peerId: string }];
  const raw = await new TcpTransport({ clock: systemClock }).dial(address);
  const expected: PeerId = parsePeerId(peerId);
  const link = await openLink({ clock: systemClock, budget: roomyBudget() }, raw, { peerId: expected });
  return {
    link,
    target: `${target.host}:${target.port}`,
    async cpuSeconds() {
      child.send("cpu");
      return Number((await once(child, "message"))[0]);
    },
    [Symbol.dispose]: () => child.disconnect(),
  };
}

/** Downloads; calls `onBytes` with all that came so far, and ends when that says so. */
function download({ link, target }: Exit, onBytes: (bytes: number) => boolean): Promise<void> {
  const { stream } = link.open({ headers: { ":method": "CONNECT", ":authority": target }, toward: "target" });
  return new Promise((done, fail) => {
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (onBytes(bytes)) return;
      stream.destroy();
      done();
    });
    stream.on("error", fail);
    stream.write(`GET /${Number.MAX_SAFE_INTEGER} HTTP/1.1\r\n\r\n`);
  });
}

/** MB/s and the exit's CPU seconds for each GB. */
async function cost(exit: Exit, bytes: number): Promise<{ readonly mbPerSecond: number; readonly cpuPerGb: number }> {
  await download(exit, (come) => come < bytes / 10);
  const [cpu, startMs] = [await exit.cpuSeconds(), systemClock.monotonicMs()];
  await download(exit, (come) => come < bytes);
  const ms = systemClock.monotonicMs() - startMs;
  return { mbPerSecond: bytes / 1e3 / ms, cpuPerGb: (1e9 * ((await exit.cpuSeconds()) - cpu)) / bytes };
}

async function costs(target: HostPort): Promise<void> {
  const ways: [string, string, string][] = [
    ["no pace", HERE, "none"],
    ["no pace again", HERE, "none"],
    ["first bytes looked at", HERE, "look"],
    ["a pace far above", HERE, FAR_ABOVE],
  ];
  if (values.against !== undefined) ways.unshift(["the other checkout", resolve(values.against), "none"]);
  const found = new Map(ways.map(([name]) => [name, { rates: [] as number[], cpu: [] as number[] }]));
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const [name, checkout, hold] of run % 2 === 0 ? ways : ways.toReversed()) {
      using exit = await startExit(checkout, hold, target);
      const { mbPerSecond, cpuPerGb } = await cost(exit, Number(values.gb) * 1e9);
      found.get(name)?.rates.push(mbPerSecond);
      found.get(name)?.cpu.push(cpuPerGb);
    }
  }
  const [first] = found.values();
  for (const [name, { rates, cpu }] of found) {
    const against = `${ratio(rates, first?.rates ?? []).toFixed(3)} × speed, ${ratio(cpu, first?.cpu ?? []).toFixed(3)} × CPU`;
    process.stdout.write(
      `${name}: ${median(rates).toFixed(0)} MB/s, ${median(cpu).toFixed(2)} CPU s/GB of the exit (${against})\n`,
    );
  }
}

async function accuracy(target: HostPort): Promise<void> {
  const bytesPerSecond = (Number(values.mbps) * 1e6) / 8;
  const seconds = Number(values.seconds);
  using exit = await startExit(HERE, String(bytesPerSecond), target);
  const arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  let before = 0;
  await download(exit, (come) => {
    arrivals.push({ atMs: systemClock.monotonicMs(), bytes: come - before });
    before = come;
    return come < bytesPerSecond * (seconds + 0.5);
  });
  const startMs = (arrivals[0]?.atMs ?? 0) + 500;
  const steady = arrivals.filter(({ atMs }) => atMs >= startMs);
  const ms = (steady.at(-1)?.atMs ?? 0) - startMs;
  const bytes = steady.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = (windowMs: number): number => {
    const windows = new Map<number, number>();
    for (const { atMs, bytes } of steady) {
      const window = Math.floor(atMs / windowMs);
      windows.set(window, (windows.get(window) ?? 0) + bytes);
    }
    const figures = [...windows.values()].sort((a, b) => a - b);
    return ((figures[Math.floor(0.99 * figures.length)] ?? 0) * 1000) / windowMs / bytesPerSecond;
  };
  process.stdout.write(
    `${values.mbps} Mbit/s asked: ${((bytes * 8) / 1e3 / ms).toFixed(3)} Mbit/s over ${(ms / 1000).toFixed(1)} s; ` +
      `99 % of all 10 ms below ${most(10).toFixed(2)} ×, of all 100 ms below ${most(100).toFixed(2)} ×\n`,
  );
}

const source = start("bulk-source.ts", ["127.0.0.1"]);
const [{ address }] = (await once(source, "message")) as [{ readonly address: HostPort }];
await accuracy(address);
if (Number(values.runs) > 0) await costs(address);
source.kill();
process.exit();
