import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/logger.ts";
import { systemRandom } from "../src/core/random.ts";
import type { SessionKey } from "../src/routing/held-session.ts";
import { SessionTable } from "../src/routing/session-table.ts";
import { RecordFile } from "../src/storage/record-file.ts";
import { sampleProcess } from "./process-sample.ts";

// What live sessions cost, with the file that keeps them: `npm run bench:sessions [-- --json] [--sessions N]`.
// Times are processor time, which other programs on the machine disturb less; memory is that of the process.

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, sessions: { type: "string", default: "10000" } },
});
const sessions = Number(values.sessions);
const GOAL_SESSIONS = 10_000;
const GOAL_BYTES = 20 * 1024 * 1024;
const EXITS = 4_000;

const rules = { sessionSec: 86_400, strict: false };
const key = (n: number): SessionKey => ({
  user: `customer-${n % 50}`,
  session: `session${n}`,
  listener: "127.0.0.1:1080",
  constraints: 'country=us, city="new york", hops=1',
});

function memory(): { readonly heapBytes: number; readonly rssBytes: number } {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: sampleProcess(process.pid).rssBytes };
}

/** Microseconds of processor time for each of `count` runs. */
function cpuMicroseconds(count: number, run: (n: number) => void): number {
  const before = process.cpuUsage();
  for (let n = 0; n < count; n++) run(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

const folder = mkdtempSync(join(tmpdir(), "byway-bench-"));
const path = join(folder, "client.sqlite");
const open = (): { readonly records: RecordFile; readonly table: SessionTable } => {
  const records = new RecordFile({ clock: systemClock, logger: silentLogger }, { path });
  return { records, table: new SessionTable({ clock: systemClock, records }) };
};
const write = (records: RecordFile): void => {
  for (const _ of records.load("none")) break;
};
/** As the directory holds them: one string for each exit. */
const exits = Array.from({ length: EXITS }, () => ({
  peerId: `k${Buffer.from(systemRandom.bytes(31)).toString("hex").slice(0, 61)}`,
  asn: 7922,
}));

try {
  // Loaded and compiled with a few sessions, which are no cost of the others.
  let { records, table } = open();
  for (let n = 0; n < 100; n++) table.find(key(-n), rules);
  const before = memory();
  const begin = cpuMicroseconds(sessions, (n) => {
    table.find(key(n), rules);
    const exit = exits[n % EXITS];
    if (exit !== undefined) table.hold(key(n), exit);
  });
  const waiting = memory();
  const flush = cpuMicroseconds(1, () => write(records)) / 1000;
  const after = memory();
  const find = cpuMicroseconds(sessions, (n) => table.find(key(n), rules));
  records.stop();
  const fileBytes = statSync(path).size;
  const reopen = cpuMicroseconds(1, () => ({ records, table } = open())) / 1000;
  const kept = table.size;
  records.stop();

  const figures = {
    sessions,
    "heap, with what waits to be written (MiB)": (waiting.heapBytes - before.heapBytes) / 1024 ** 2,
    "heap, written (MiB)": (after.heapBytes - before.heapBytes) / 1024 ** 2,
    "resident memory, written (MiB)": (after.rssBytes - before.rssBytes) / 1024 ** 2,
    "heap of one session (bytes)": (after.heapBytes - before.heapBytes) / sessions,
    "file of one session (bytes)": fileBytes / sessions,
    "begin a session (CPU µs)": begin,
    "find one (CPU µs)": find,
    "write all at once (CPU ms)": flush,
    "open again with all of them (CPU ms)": reopen,
  };
  if (values.json) console.log(JSON.stringify(figures, undefined, 2));
  else for (const [name, value] of Object.entries(figures)) console.log(`${name.padEnd(46)} ${value.toFixed(1)}`);
  const grownBytes = Math.max(waiting.heapBytes - before.heapBytes, after.rssBytes - before.rssBytes);
  if (!values.json) console.log(`kept over a restart: ${kept}`);
  // The goal speaks of so many.
  if (!values.json && sessions === GOAL_SESSIONS) {
    console.log(`below 20 MiB: ${grownBytes < GOAL_BYTES ? "reached" : "MISSED"}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
