import { lstat, mkdir } from "node:fs/promises";
import { BywayError, systemCode } from "../core/errors.ts";

/** Makes `path` (mode 0700) unless it is there; those above it must be. Throws as `checkPrivate` does. */
export async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (cause) {
    if (systemCode(cause) !== "EEXIST") throw notUsable(path, systemCode(cause), cause);
    await checkPrivate(path);
  }
}

/**
 * Makes sure that nobody else can put something into the directory `path`: in a place that all share, another user might
 * have made one of that name. Throws ERR_CONTROL.
 */
export async function checkPrivate(path: string): Promise<void> {
  let found: Awaited<ReturnType<typeof lstat>>;
  try {
    found = await lstat(path);
  } catch (cause) {
    throw notUsable(path, systemCode(cause), cause);
  }
  if (!found.isDirectory()) throw notUsable(path, "it is no directory");
  if (found.uid !== process.getuid?.()) throw notUsable(path, "it belongs to another user");
  if ((found.mode & 0o077) !== 0) throw notUsable(path, "it is open to other users");
}

function notUsable(path: string, why: string, cause?: unknown): BywayError {
  return new BywayError("ERR_CONTROL", `the directory ${path} of the control socket cannot be used: ${why}`, {
    data: { path },
    cause,
  });
}
