import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// `npm test` names this file as its global set-up: Node calls the two functions before the first test file and after the last.

let directory: string | undefined;

/**
 * Gives all processes of one run of the tests a place for compiled code. Each test file is a process, as is each command that
 * a test starts, and most of a short one's CPU time goes into compiling the same modules.
 */
export function globalSetup(): void {
  directory = mkdtempSync(join(tmpdir(), "byway-compiled-"));
  process.env.NODE_COMPILE_CACHE = directory;
}

/** Removes it. */
export function globalTeardown(): void {
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}
