import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";
import { startDelayLine } from "../test/support/delay-line.ts";
import { startDelayedProcesses } from "./delayed-processes.ts";
import { Processes } from "./processes.ts";
import { ratio } from "./statistics.ts";

const TARGET_HOST = "127.200.0.1";
const MAX_SECONDS = 600;
const run = promisify(execFile);

/** Which way the bytes of a transfer go, seen from the app. */
export type Direction = "download" | "upload";

/** One transfer through three hops over long links, beside the same over one TLS connection as long as all of them. */
export interface LongPipeRow {
  readonly direction: Direction;
  readonly linkRoundTripMs: number;
  readonly bytesPerSecond: number;
  /** Bytes a second, of each run, from the first byte of the request to the last of the answer. */
  readonly rawTls: readonly number[];
  readonly byway: readonly number[];
  /** Byway over raw TLS, the median over the runs. */
  readonly ratio: number;
}

/** How a long pipe is measured. */
export interface LongPipeOptions {
  /** Of one link; the three together are the length of the raw connection. */
  readonly linkRoundTripMs?: number;
  /** Of every link, in each direction. */
  readonly bytesPerSecond?: number;
  /** How long one transfer takes at best. */
  readonly seconds?: number;
  /** Transfers of each kind, alternating. */
  readonly runs?: number;
  readonly directions?: readonly Direction[];
  /** Ends it early; it rejects then. */
  readonly signal?: AbortSignal;
}

/** Measures big transfers by curl; the raw ones go to the same server over TLS 1.3 and one delay line. */
export async function measureLongPipe(options: LongPipeOptions = {}): Promise<readonly LongPipeRow[]> {
  const { linkRoundTripMs = 50, bytesPerSecond = 25e6, seconds = 10, runs = 1 } = options;
  const { directions = ["download", "upload"], signal } = options;
  await using cleanup = new AsyncDisposableStack();
  const ends = cleanup.use(new Processes());
  const plain = await ends.startModule("bulk-source.ts", [TARGET_HOST]);
  const secure = await ends.startModule("bulk-source.ts", [TARGET_HOST, "tls"]);
  const delayMs = (3 * linkRoundTripMs) / 2;
  const line = cleanup.use(await startDelayLine({ target: secure.address, delayMs, bytesPerSecond }));
  const network = cleanup.use(
    await startDelayedProcesses({ delayMs: linkRoundTripMs / 2, bytesPerSecond }, [plain.address]),
  );
  const bytes = Math.round(bytesPerSecond * seconds);
  const file = join(ends.folder, "upload");
  writeFileSync(file, "");
  truncateSync(file, bytes);

  const transfer = async (
    direction: Direction,
    to: HostPort,
    way: readonly string[],
    scheme: string,
    size = bytes,
  ): Promise<number> => {
    const what = direction === "download" ? [] : ["-H", "Expect:", "-T", file];
    const path = direction === "download" ? size : "";
    const asked = [...way, ...what, `${scheme}://${formatHostPort(to)}/${path}`];
    const shown = ["-q", "-sSk", "-o", "/dev/null", "-w", "%{time_total}", "--max-time", String(MAX_SECONDS)];
    const { stdout } = await run("curl", [...shown, ...asked], signal === undefined ? {} : { signal });
    return size / Number(stdout);
  };
  const proxy = ["--proxy", `socks5h://hops-3:x@${formatHostPort(network.proxy)}`];
  // A circuit that stands is what a big transfer finds; building one costs a second that has nothing to do with width.
  await transfer("download", plain.address, proxy, "http", 1);

  const rows: LongPipeRow[] = [];
  for (const direction of directions) {
    const rawTls: number[] = [];
    const byway: number[] = [];
    for (let turn = 0; turn < runs; turn += 1) {
      rawTls.push(await transfer(direction, line.address, ["--tlsv1.3"], "https"));
      byway.push(await transfer(direction, plain.address, proxy, "http"));
    }
    rows.push({ direction, linkRoundTripMs, bytesPerSecond, rawTls, byway, ratio: ratio(byway, rawTls) });
  }
  return rows;
}
