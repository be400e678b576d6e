import { createSocket } from "node:dgram";
import { argv } from "node:process";
import { rest, SOAK_WAYS, type SoakTargets } from "./soak-ways.ts";

// The apps of a soak that open streams. Run as a child process: `soak-load.ts HOST`; sends `{ address }` of a UDP echo at
// HOST, takes `SoakTargets`, sends its counts every second, and after "stop" once more when all its streams are over.

/** How many at once, and how many a second when that is bounded: a hop takes 500 resets a second from one link. */
const MIX: Readonly<Record<string, { readonly width: number; readonly perSecond?: number }>> = {
  "small, SOCKS5": { width: 24 },
  "small, CONNECT": { width: 4 },
  "small, plain HTTP": { width: 4 },
  "reset by the app in mid-stream": { width: 4, perSecond: 10 },
  "reset by the app before the answer": { width: 4, perSecond: 20 },
  "reset by the target": { width: 4, perSecond: 20 },
  "target refuses": { width: 4, perSecond: 20 },
  "target prohibited": { width: 4, perSecond: 20 },
  "UDP association": { width: 4, perSecond: 5 },
  "idle for a while": { width: 200 },
};

/** What the load has done so far. */
export interface SoakCounts {
  /** Streams that went as they must, by way. */
  readonly done: Record<string, number>;
  /** Streams that did not, by way and reason. */
  readonly failed: Record<string, number>;
  bytes: number;
  /** Whether all streams are over; the last message. */
  over: boolean;
}

const AFTER_FAILURE_MS = 200;
const counts: SoakCounts = { done: {}, failed: {}, bytes: 0, over: false };
const stopping = new AbortController();

async function repeat(way: string, targets: SoakTargets, first: number): Promise<void> {
  const run = SOAK_WAYS[way];
  const mix = MIX[way];
  if (run === undefined || mix === undefined) throw new Error(`no way ${way}`);
  const periodMs = mix.perSecond === undefined ? 0 : (1_000 * mix.width) / mix.perSecond;
  for (let turn = first; !stopping.signal.aborted; turn += 1) {
    const startMs = performance.now();
    try {
      counts.bytes += await run(targets, targets.users[turn % targets.users.length] ?? "", stopping.signal);
      counts.done[way] = (counts.done[way] ?? 0) + 1;
    } catch (error) {
      const what = `${way}: ${(error as Error).message}`;
      counts.failed[what] = (counts.failed[what] ?? 0) + 1;
      await rest(AFTER_FAILURE_MS, stopping.signal);
    }
    const leftMs = periodMs - (performance.now() - startMs);
    if (leftMs > 0) await rest(leftMs, stopping.signal);
  }
}

async function load(targets: SoakTargets): Promise<void> {
  const report = setInterval(() => process.send?.(counts), 1_000);
  await Promise.all(
    Object.entries(MIX).flatMap(([way, { width }]) =>
      Array.from({ length: width }, (_, index) => repeat(way, targets, index)),
    ),
  );
  clearInterval(report);
  echo.close();
  counts.over = true;
  process.send?.(counts, () => process.disconnect?.());
}

const echo = createSocket("udp4", (message, from) => echo.send(message, from.port, from.address));
echo.bind(0, argv[2], () => process.send?.({ address: { host: echo.address().address, port: echo.address().port } }));
process.on("message", (message: SoakTargets | "stop") => {
  if (message === "stop") stopping.abort();
  else void load(message);
});
