import { execFile } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatHostPort, type HostPort } from "../src/core/network-address.ts";

/** One file's size, down or up. */
const TRANSFER_BYTES = 100_000_000;
const MAX_SECONDS = 300;

/** What bulk transfers have done so far. */
export interface BulkCounts {
  done: number;
  bytes: number;
  /** By the reason that curl gave. */
  readonly failed: Record<string, number>;
}

/** Where bulk goes. */
export interface BulkTargets {
  readonly proxy: HostPort;
  readonly source: HostPort;
  readonly users: readonly string[];
  /** Takes the file that is uploaded; it is sparse. */
  readonly folder: string;
}

/** Runs `width` curls at a time, downloads and uploads by SOCKS5 and plain HTTP in turn, until `stopping`; kills none. */
export async function runBulk(
  targets: BulkTargets,
  width: number,
  counts: BulkCounts,
  stopping: AbortSignal,
): Promise<void> {
  const file = join(targets.folder, "upload");
  writeFileSync(file, "");
  truncateSync(file, TRANSFER_BYTES);
  const source = `http://${formatHostPort(targets.source)}/`;
  let turn = 0;
  const repeat = async (): Promise<void> => {
    while (!stopping.aborted) {
      turn += 1;
      const scheme = turn % 4 < 3 ? "socks5h" : "http";
      const user = targets.users[turn % targets.users.length] ?? "";
      const proxy = ["--proxy", `${scheme}://${user}:x@${formatHostPort(targets.proxy)}`];
      const what = turn % 3 < 2 ? [`${source}${TRANSFER_BYTES}`] : ["-H", "Expect:", "-T", file, source];
      const { bytes, failure } = await curl([...proxy, ...what]);
      counts.bytes += bytes;
      if (failure === undefined) counts.done += 1;
      else counts.failed[failure] = (counts.failed[failure] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: width }, repeat));
}

function curl(args: readonly string[]): Promise<{ readonly bytes: number; readonly failure: string | undefined }> {
  const format = "%{http_code} %{size_download} %{size_upload}";
  const fixed = ["-q", "-sS", "-o", "/dev/null", "--max-time", String(MAX_SECONDS), "-w", format];
  return new Promise((resolve) => {
    execFile("curl", [...fixed, ...args], (error, stdout, stderr) => {
      const [status = "", down = 0, up = 0] = stdout.split(" ");
      const bytes = Number(down) + Number(up);
      const said = stderr.trim() || `status ${status}, ${bytes} bytes`;
      const whole = error === null && status === "200" && bytes === TRANSFER_BYTES;
      resolve({ bytes, failure: whole ? undefined : said });
    });
  });
}
