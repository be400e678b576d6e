import type { OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { BANDWIDTH_PATH } from "./bandwidth-service.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { Link } from "./link.ts";

/** How far a transfer had come at one moment. */
export interface TransferSample {
  readonly atMs: number;
  readonly bytes: number;
}

/** What a line carries, in Mbit/s: whole numbers, 1 or more. */
export interface Bandwidth {
  readonly upMbps: number;
  readonly downMbps: number;
}

const CHUNK = Buffer.alloc(64 * 1024);
const MOST_MBPS = 10_000_000;
/** While a transfer starts it is TCP that is measured, and windows that open, and not the line. */
const WARM_UP_SHARE = 0.25;
/** Between two samples: whoever sends single bytes must not fill memory with them. */
const SAMPLE_MS = 5;

/** What measuring needs. */
export interface MeasureComponents {
  readonly clock: Clock;
  /** Opens a link to the peer. Each direction has its own, so that neither waits behind what the other left in queues. */
  readonly openLink: (signal: AbortSignal | undefined) => Promise<Link>;
}

/**
 * Measures a line by transfers with one peer, first down and then up, each of 16 MiB or 8 s. What the far end says of an
 * upload is believed no further than was sent, and timed by this end's clock.
 * Throws ERR_HOP_LIMIT where the peer does not want to, ERR_HOP_PROTOCOL, ERR_HOP_TIMEOUT, ERR_HOP_LOST, what opening a link
 * throws, or the abort reason.
 */
export async function measureBandwidth(components: MeasureComponents, signal?: AbortSignal): Promise<Bandwidth> {
  const downMbps = await measure(components, download, signal);
  const upMbps = await measure(components, upload, signal);
  return { upMbps, downMbps };
}

async function measure(
  { clock, openLink }: MeasureComponents,
  direction: Transfer,
  signal: AbortSignal | undefined,
): Promise<number> {
  const link = await openLink(signal);
  try {
    return steadyMbps(await transfer(clock, link, direction, signal));
  } finally {
    link.destroy();
    await link.closed;
  }
}

/** The rate after the first quarter of the time, in whole Mbit/s from 1 to 10,000,000. Throws ERR_HOP_PROTOCOL for too little. */
export function steadyMbps(samples: readonly TransferSample[]): number {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.bytes <= first.bytes || last.atMs <= first.atMs) {
    throw new BywayError("ERR_HOP_PROTOCOL", "the transfer was too short to tell a bandwidth");
  }
  const warmMs = first.atMs + (last.atMs - first.atMs) * WARM_UP_SHARE;
  const warm = samples.findLast(({ atMs, bytes }) => atMs <= warmMs && bytes < last.bytes) ?? first;
  const mbps = ((last.bytes - warm.bytes) * 8) / ((last.atMs - warm.atMs) * 1000);
  return Math.min(MOST_MBPS, Math.max(1, Math.round(mbps)));
}

interface Transfer {
  readonly headers: OutgoingHttpHeaders;
  /** Moves the bytes; calls `sample` with how many have come in all. */
  readonly run: (stream: Duplex, sample: (bytes: number) => void) => void;
}

const COMMON: OutgoingHttpHeaders = { ":scheme": "https", ":authority": "byway.alt" };

const download: Transfer = {
  headers: { ...COMMON, ":method": "GET", ":path": `${BANDWIDTH_PATH}?n=${LINK_LIMITS.bandwidthBytes.value}` },
  run(stream, sample) {
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      sample(bytes);
    });
  },
};

const upload: Transfer = {
  headers: { ...COMMON, ":method": "POST", ":path": BANDWIDTH_PATH },
  run(stream, sample) {
    let sent = 0;
    let text = "";
    const write = (): void => {
      while (sent < LINK_LIMITS.bandwidthBytes.value) {
        sent += CHUNK.length;
        if (!stream.write(CHUNK)) return;
      }
      stream.off("drain", write).end();
    };
    stream.setEncoding("latin1").on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      // A line that does not end within its bound is none.
      text = (lines.pop() ?? "").slice(0, LINK_LIMITS.bandwidthLineBytes.value);
      for (const line of lines) {
        const told = Number(/^\{"bytes":(\d{1,9})[,}]/.exec(line)?.[1]);
        if (told <= sent) sample(told);
      }
    });
    stream.on("drain", write);
    write();
  },
};

async function transfer(
  clock: Clock,
  link: Link,
  { headers, run }: Transfer,
  signal: AbortSignal | undefined,
): Promise<readonly TransferSample[]> {
  const { stream, accepted } = link.open({ headers, toward: "node", signal });
  const broken = new Promise<boolean>((resolve) => {
    stream.once("end", () => resolve(false)).once("close", () => resolve(true));
  });
  // Counted from the request, so that it is over before the peer's own, which begins when that arrives.
  using limit = deadline(
    clock,
    LINK_LIMITS.bandwidthClientMs.value,
    () => new BywayError("ERR_HOP_TIMEOUT", "the peer did not answer to a transfer"),
    signal,
  );
  if (headers[":method"] === "GET") stream.end();
  await withAbort(accepted, limit.signal);
  let latest: TransferSample = { atMs: clock.monotonicMs(), bytes: 0 };
  const samples = [latest];
  run(stream, (bytes) => {
    if (bytes <= latest.bytes || bytes > LINK_LIMITS.bandwidthBytes.value) return;
    latest = { atMs: clock.monotonicMs(), bytes };
    if (latest.atMs - (samples.at(-1)?.atMs ?? 0) >= SAMPLE_MS) samples.push(latest);
  });
  const isBroken = await withAbort(broken, limit.signal).catch((reason: unknown) => {
    if (signal?.aborted === true) throw reason;
    return false;
  });
  if (isBroken) throw new BywayError("ERR_HOP_LOST", "the peer broke a transfer off");
  return [...samples, latest];
}
