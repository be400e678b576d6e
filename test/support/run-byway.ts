import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

/** The launcher of this checkout. */
export const LAUNCHER: string = fileURLToPath(new URL("../../bin/byway.cjs", import.meta.url));

/** How a command is run. */
export interface RunOptions {
  /** The Node that runs the launcher; this one by default. */
  readonly node?: string;
  readonly launcher?: string;
  /** A command that runs this one, such as one that enters a network namespace. */
  readonly within?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it leads a process group of its own, so that a test can signal the group as a terminal does. */
  readonly isGroup?: boolean;
}

/** What a finished command left. */
export interface RunResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly finished: Promise<RunResult>;
  /** The first line on standard output; rejects if the command ends before one. */
  readonly firstLine: Promise<string>;
  /** Everything on standard output once it matches `pattern`; rejects if the command ends before. */
  readonly outputUntil: (pattern: RegExp) => Promise<string>;
}

/** A directory for one test, removed after it. */
export function temporaryDirectory(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "byway-test-"));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What a command needs of this process's environment: where programs are, and compiled code (`compile-cache.ts`). */
function cleanEnvironment(): Record<string, string> {
  const { PATH = "", NODE_COMPILE_CACHE: compiled } = process.env;
  return compiled === undefined ? { PATH } : { PATH, NODE_COMPILE_CACHE: compiled };
}

/** Starts `byway args` with a home of its own; it is killed when the test ends. */
export function startByway(test: TestContext, args: readonly string[], options: RunOptions = {}): RunningCommand {
  const home = temporaryDirectory(test);
  const [program = "", ...rest] = [
    ...(options.within ?? []),
    options.node ?? process.execPath,
    options.launcher ?? LAUNCHER,
    ...args,
  ];
  const child = spawn(program, rest, {
    env: { ...cleanEnvironment(), HOME: home, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: options.isGroup === true,
  });
  test.after(() => child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  const waiting = new Set<{ pattern: RegExp; resolve: (text: string) => void; reject: (error: Error) => void }>();
  const outputUntil = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      if (pattern.test(stdout)) resolve(stdout);
      else waiting.add({ pattern, resolve, reject });
    });
  const firstLine = outputUntil(/\n/).then((text) => text.slice(0, text.indexOf("\n")));
  firstLine.catch(() => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const { pattern, resolve } of waiting) if (pattern.test(stdout)) resolve(stdout);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const finished = new Promise<RunResult>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const error = new Error(`byway ended with ${code ?? signal} and this on standard error:\n${stderr}`);
      for (const { reject } of waiting) reject(error);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, finished, firstLine, outputUntil };
}

/** Runs `byway args` to its end. */
export function runByway(test: TestContext, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return startByway(test, args, options).finished;
}
