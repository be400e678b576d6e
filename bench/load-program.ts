import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { env, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import type { HostPort } from "../src/index.ts";
import type { Site } from "./site.ts";

/** The way that a load takes. */
export interface LoadWay {
  /** What the load runs under, such as `ip netns exec NAME`. */
  readonly inside: readonly string[];
  readonly target: HostPort;
  /** Ways in as load.c spells them, such as `socks5:127.0.0.1:1080`. */
  readonly vias: readonly string[];
}

/** What the load program prints: whole streams, those that failed, and their times. */
export interface LoadResult {
  readonly streams: number;
  readonly failed: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly failure: string;
}

/** How much to ask for: `path` of the source, this many times, so many at once. */
export interface Amount {
  readonly path: string;
  readonly total: number;
  readonly width: number;
}

/** The program that is source and load, and how it came to be. */
export interface LoadProgram {
  readonly kind: "compiled" | "node";
  readonly command: readonly [string, ...string[]];
}

/** Whether a program of this name is installed, sbin included: not every user has it in the path. */
export function findProgram(name: string): string | undefined {
  return [...(env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

const SOURCES = ["load.c", "load-source.c"].map((name) => fileURLToPath(new URL(name, import.meta.url)));

/** The load in Node, which costs more than the compiled one. */
export const NODE_LOAD: LoadProgram = {
  kind: "node",
  command: [execPath, fileURLToPath(new URL("load.ts", import.meta.url))],
};

/** Compiles the load program into the site's folder; where that fails, says so and gives the load in Node. */
export async function buildLoad(site: Site): Promise<LoadProgram> {
  const compiler = findProgram("cc") ?? findProgram("gcc");
  if (compiler === undefined) {
    console.error("no compiler: source and load run in Node and cost more; apt-get install gcc libc6-dev");
    return NODE_LOAD;
  }
  const program = join(site.folder, "load");
  try {
    await site.run(compiler, ["-O2", "-o", program, ...SOURCES]);
    return { kind: "compiled", command: [program] };
  } catch (error) {
    site.signal.throwIfAborted();
    const why = error instanceof Error ? error.message.trim().split("\n").slice(1, 3).join(" ") : String(error);
    console.error(`source and load run in Node and cost more; apt-get install gcc libc6-dev: ${why}`);
    return NODE_LOAD;
  }
}

/** The command line that has `contender` bring `amount` from its source; `how` is fetch, or hold to keep streams open. */
export function loadCommand(
  program: LoadProgram,
  how: "fetch" | "hold",
  way: LoadWay,
  amount: Amount,
): readonly [string, ...string[]] {
  const [first, ...rest] = [...way.inside, ...program.command];
  const { host, port } = way.target;
  const counts = [amount.path, String(amount.total), String(amount.width)];
  return [first ?? "", ...rest, how, host, String(port), ...counts, ...way.vias];
}

/** Runs the load once. Throws when a stream failed, with the first reason. */
export async function fetchThrough(
  site: Site,
  program: LoadProgram,
  way: LoadWay,
  amount: Amount,
): Promise<LoadResult> {
  const [command, ...args] = loadCommand(program, "fetch", way, amount);
  const result = JSON.parse(await site.run(command, args)) as LoadResult;
  if (result.failed > 0) throw new Error(`${result.failed} of ${amount.total} streams failed: ${result.failure}`);
  return result;
}

/** Starts the source at `at`, under the command `inside` if any, and waits until it is ready. */
export async function startSource(
  site: Site,
  program: LoadProgram,
  at: HostPort,
  inside: readonly string[] = [],
): Promise<void> {
  const [command = "", ...args] = [...inside, ...program.command, "source", at.host, String(at.port)];
  await site.start(command, args, true);
}
