import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/logger.ts";
import { type Random, seededRandom } from "../src/core/random.ts";
import { BYTES_PER_MIB } from "../src/core/units.ts";
import { Blocklists } from "../src/egress/blocklist/blocklists.ts";

// What a blocklist of a million entries costs: `npm run bench:policy [-- --json] [--names N] [--ranges N] [--rounds N]`.
// A check is the wall's time for one of 100, run one after another, so that the clock's own cost does not count. What is said
// of blocks of the event loop is processor time of its thread, which other programs on the machine disturb less.

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    names: { type: "string", default: "1000000" },
    ranges: { type: "string", default: "0" },
    rounds: { type: "string", default: "5000" },
    write: { type: "string" },
  },
});
const names = Number(values.names);
const ranges = Number(values.ranges);
const rounds = Number(values.rounds);
const BATCH = 100;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the value must stay below. */
  readonly goal?: number;
}

const figures: Figure[] = [];
function note(name: string, value: number, unit: string, goal?: number): void {
  figures.push({ name, value, unit, ...(goal === undefined ? {} : { goal }) });
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

function word(random: Random, length: number): string {
  return Array.from({ length }, () => LETTERS[Math.floor(random.float() * LETTERS.length)]).join("");
}

function syntheticName(random: Random): string {
  const below = random.float() < 0.5 ? `${word(random, 3 + Math.floor(random.float() * 6))}.` : "";
  return `${below}${word(random, 6 + Math.floor(random.float() * 12))}.${random.float() < 0.5 ? "com" : "example"}`;
}

function syntheticRange(random: Random): string {
  const octet = (): number => Math.floor(random.float() * 256);
  if (random.float() < 0.1) return `2001:${octet().toString(16)}:${word(random, 0)}${octet().toString(16)}::/48`;
  return `${octet()}.${octet()}.${octet()}.${octet()}/${24 + Math.floor(random.float() * 9)}`;
}

/** Watches the event loop: the most processor time that its thread spent between two turns, and the wall's time of them. */
function watchLoop(): () => { readonly cpuMs: number; readonly wallMs: number; readonly over10: number } {
  let [cpuMs, wallMs, over10] = [0, 0, 0];
  let isWatching = true;
  let usage = process.threadCpuUsage();
  let at = performance.now();
  const turn = (): void => {
    const { user, system } = process.threadCpuUsage(usage);
    const now = performance.now();
    cpuMs = Math.max(cpuMs, (user + system) / 1000);
    wallMs = Math.max(wallMs, now - at);
    if (user + system > 10_000) over10 += 1;
    usage = process.threadCpuUsage();
    at = now;
    if (isWatching) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isWatching = false;
    return { cpuMs, wallMs, over10 };
  };
}

function measure(name: string, asked: readonly string[], check: (each: string) => unknown, goalUs?: number): void {
  let next = 0;
  const batch = (): number => {
    const before = performance.now();
    for (let i = 0; i < BATCH; i += 1) check(asked[next++ % asked.length] ?? "");
    return ((performance.now() - before) * 1000) / BATCH;
  };
  for (let round = 0; round < 200; round += 1) batch();
  const times = Array.from({ length: rounds }, batch).sort((a, b) => a - b);
  note(`${name}, median`, times[times.length >> 1] ?? Number.NaN, "µs", goalUs);
  note(`${name}, p99`, times[Math.floor(times.length * 0.99)] ?? Number.NaN, "µs");
}

function writeList(path: string): void {
  const random = seededRandom(1);
  for (let written = 0; written < names + ranges; written += 10_000) {
    const line = (_: unknown, i: number): string =>
      `${written + i < names ? syntheticName(random) : syntheticRange(random)}\n`;
    const length = Math.min(10_000, names + ranges - written);
    writeFileSync(path, Array.from({ length }, line).join(""), { flag: "a" });
  }
}

async function run(directory: string): Promise<void> {
  const random = seededRandom(2);
  const path = join(directory, "list");
  // In a process of its own: what it leaves in memory is not the list's.
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2), "--write", path]);
  const listed = Array.from({ length: 20_000 }, () => "");
  const again = seededRandom(1);
  if (names > 0) for (let i = 0; i < listed.length; i += 1) listed[i] = syntheticName(again);

  const lists = new Blocklists(
    { clock: systemClock, logger: silentLogger },
    { lists: [{ name: "list", source: path }] },
  );
  global.gc?.();
  const beforeMib = process.memoryUsage.rss() / BYTES_PER_MIB;
  note("resident before, with Node and this program", beforeMib, "MiB");
  for (const what of ["loading", "reloading"]) {
    const stopWatching = watchLoop();
    const before = performance.now();
    const usage = process.cpuUsage();
    await (what === "loading" ? lists.start() : lists.reload());
    const { user, system } = process.cpuUsage(usage);
    note(`${what}, wall`, performance.now() - before, "ms");
    note(`${what}, processor`, (user + system) / 1000, "ms");
    const { cpuMs, wallMs, over10 } = stopWatching();
    note(`${what}, longest block`, cpuMs, "ms", 10);
    note(`${what}, longest block, wall`, wallMs, "ms");
    note(`${what}, blocks over 10 ms`, over10, "");
    // The whole list in use, the one that is being read beside it, and what reading leaves to the garbage collector.
    note(`most that ${what} added to it`, process.resourceUsage().maxRSS / 1024 - beforeMib, "MiB", 200);
  }
  const [status] = lists.status();
  note("entries", status?.entries ?? 0, "");
  note("size of the list", statSync(path).size / BYTES_PER_MIB, "MiB");

  const missing = Array.from({ length: 20_000 }, () => `www.${syntheticName(random)}`);
  const deep = missing.map((name) => `${"a.bc.def.".repeat(6)}${name.split(".").slice(-2).join(".")}`);
  const hostile = missing.map((_, i) => `${"a.".repeat(122)}b${i}.com`);
  const check = (name: string): unknown => lists.matchName(name);
  measure("a name that is not on it", missing, check, 5);
  if (names > 0) measure("a name that is", listed, check, 5);
  measure("a name of 20 labels that is not", deep, check, 5);
  measure("a name of 124 labels that is not", hostile, check);
  const addresses = Array.from({ length: 20_000 }, () => syntheticRange(random).replace(/\/.*/, ""));
  measure("an address", addresses, (address) => lists.matchAddress(address), 5);
  await lists.stop();
}

function print(): void {
  if (values.json) console.log(JSON.stringify({ names, ranges, rounds, figures }, undefined, 2));
  else {
    console.log("| what | figure | goal |");
    console.log("|---|---:|---|");
    for (const { name, value, unit, goal } of figures) {
      const verdict = goal === undefined ? "" : `< ${goal}: ${value < goal ? "reached" : "MISSED"}`;
      console.log(`| ${name} | ${value.toLocaleString("en", { maximumFractionDigits: 2 })} ${unit} | ${verdict} |`);
    }
  }
}

if (values.write !== undefined) writeList(values.write);
else {
  const directory = mkdtempSync(join(tmpdir(), "byway-bench-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
  print();
}
