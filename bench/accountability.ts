import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/logger.ts";
import { systemRandom } from "../src/core/random.ts";
import { openAccountabilityLog } from "../src/egress/accountability/accountability-log.ts";
import { verifyLog } from "../src/egress/accountability/verify-log.ts";
import { generateIdentity } from "../src/identity/identity.ts";

// What the accountability log costs: `npm run bench:log [-- --json] [--records N] [--directory D]`. Processor time is that
// of the whole process with its threads, so that other programs on the machine count for little.

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    records: { type: "string", default: "400000" },
    directory: { type: "string", default: tmpdir() },
  },
});
const records = Number(values.records);
const GOAL_PER_SECOND = 20_000;
const dataDirectory = mkdtempSync(join(values.directory, "byway-log-"));
const { peerId, privateKey } = generateIdentity();
const log = await openAccountabilityLog(
  { clock: systemClock, logger: silentLogger, random: systemRandom },
  { directory: join(dataDirectory, "accountability", "0"), required: true, days: 30, mib: 4096, peerId, privateKey },
);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function measured(work: () => Promise<void>): Promise<{ readonly wallMs: number; readonly cpuMs: number }> {
  const before = { wall: performance.now(), cpu: cpuMs() };
  await work();
  return { wallMs: performance.now() - before.wall, cpuMs: cpuMs() - before.cpu };
}

async function write(count: number): Promise<void> {
  for (let stream = 0; stream < count / 2; stream += 1) {
    const target = { host: `host-${stream % 5000}.example.org`, port: 443 };
    const entry = log.begin({ link: { id: stream % 200, payer: undefined }, protocol: "tcp", target });
    entry.opened("93.184.216.34");
    entry.ended({ bytesUp: stream, bytesDown: stream * 7, end: "ok" });
    // As streams come: some at a time, with other work of the process in between.
    if (stream % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    if (stream % 5_000 === 4_999) await log.flush();
  }
  await log.flush();
}

try {
  await write(40_000);
  const writing = await measured(() => write(records));
  const { state, lost, bytes } = log.status();
  await log.stop();
  let verified = 0;
  const verifying = await measured(async () => {
    const { chains, flawCount } = await verifyLog(dataDirectory);
    verified = flawCount === 0 ? (chains[0]?.records ?? 0) : 0;
  });
  const result = {
    records,
    state,
    lost,
    perSecond: Math.round((records / writing.wallMs) * 1000),
    goalPerSecond: GOAL_PER_SECOND,
    cpuMicrosPerRecord: Number(((writing.cpuMs / records) * 1000).toFixed(2)),
    bytesPerRecord: Math.round(bytes / verified),
    verifiedPerSecond: Math.round((verified / verifying.wallMs) * 1000),
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`written        ${result.perSecond} records/s, each synced; goal ${GOAL_PER_SECOND}; lost ${lost}`);
    console.log(`processor      ${result.cpuMicrosPerRecord} µs a record, two records a stream`);
    console.log(`on the disk    ${result.bytesPerRecord} bytes a record`);
    console.log(`verified       ${result.verifiedPerSecond} records/s`);
  }
  if (result.perSecond < GOAL_PER_SECOND || lost > 0 || verified === 0) process.exitCode = 1;
} finally {
  await log.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}
