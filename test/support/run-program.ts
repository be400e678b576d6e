import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What a program of others left. */
export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program of others is run. */
export interface ProgramOptions {
  /** Variables beside PATH; nothing else of this process's environment is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** Return the SHA-256 of standard output, in hex, in place of the text. */
  readonly hashOutput?: boolean;
}

/** Runs a program to its end, without the settings of the user who runs the tests. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? "", HOME: "/nonexistent", LC_ALL: "C", ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  let stdout = "";
  let stderr = "";
  const hash = createHash("sha256");
  if (options.hashOutput === true) {
    child.stdout.on("data", (chunk: Buffer) => hash.update(chunk));
  } else {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
  }
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout: options.hashOutput === true ? hash.digest("hex") : stdout, stderr });
    });
  });
}

/** Runs curl without a configuration file; it gives up after a minute. */
export function curl(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return runProgram("curl", ["-q", "--silent", "--show-error", "--max-time", "60", ...args], options);
}

/** Why a test that needs `programs` is skipped, or false when all of them are installed. */
export function withoutPrograms(...programs: readonly string[]): string | false {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const missing = programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  return missing.length === 0 ? false : `not installed: ${missing.join(", ")}`;
}
