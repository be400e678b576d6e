import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../core/errors.ts";

/**
 * Makes the directory `path` and those above it (mode 0700) unless they are there. Throws Node's system errors.
 * Not mkdir's `recursive`: where the system answers ENOENT below a directory that exists, as in /proc, it never returns.
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path || existsSync(parent)) throw error;
    await makeDirectory(parent);
    await makeDirectory(path);
  }
}
