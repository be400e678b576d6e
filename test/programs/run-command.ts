import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { systemClock } from "../../src/core/clock.ts";
import type { Command, RowPlace } from "./program-row.ts";

/** What a row's program did. */
export interface CommandResult {
  readonly code: number | null;
  /** SHA-256 of the bytes that it left, in hex. */
  readonly digest: string;
  /** The end of what it complained of, and a word if it was stopped. */
  readonly complaint: string;
}

/** Far longer than any row takes alone. */
const LONGEST_MS = 40_000;
const COMPLAINT = 2_000;

/** Runs a row's command to its end, or stops it with all that it started. */
export async function runCommand(command: Command, place: RowPlace): Promise<CommandResult> {
  const [program = "", ...args] = command.argv;
  const child = spawn(program, args, {
    cwd: place.directory,
    env: { PATH: process.env.PATH ?? "", HOME: place.home, LC_ALL: "C.UTF-8", ...command.environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  child.stdin.on("error", () => {});
  child.stdin.end(command.input ?? "");
  const written = digestOf(child.stdout);
  using _limit = systemClock.after(LONGEST_MS, () => {
    complaint += `\nstopped after ${LONGEST_MS / 1_000} s`;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const digest = command.saves === undefined ? written : digestOfFile(join(place.directory, command.saves));
  return { code, digest: await digest, complaint };
}

function digestOfFile(path: string): Promise<string> {
  return digestOf(createReadStream(path)).catch((error: unknown) => String(error));
}

function digestOf(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash("sha256");
    stream.on("error", reject);
    stream.on("data", (chunk: Buffer) => hash.update(chunk));
    stream.on("end", () => resolve(hash.digest("hex")));
  });
}
