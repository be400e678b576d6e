import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BywayError, systemCode } from "../core/errors.ts";

/**
 * Makes a new directory of chance (mode 0700) in `parent`, by default where the system keeps temporary files, and returns its
 * path. Throws ERR_TEMPORARY_DIRECTORY if that is impossible, such as for a TMPDIR that does not exist.
 */
export async function makeTemporaryDirectory(prefix: string, parent: string = tmpdir()): Promise<string> {
  try {
    return await mkdtemp(join(parent, prefix));
  } catch (cause) {
    const message = `no temporary directory can be made in ${parent} (${systemCode(cause)})`;
    throw new BywayError("ERR_TEMPORARY_DIRECTORY", message, { data: { path: parent }, cause });
  }
}
