import { access, constants } from "node:fs/promises";
import { BywayError, systemCode } from "../core/errors.ts";
import { makeDirectory } from "../storage/make-directory.ts";
import { defaultPaths } from "./paths.ts";
import type { Terminal } from "./terminal.ts";

/** Makes the data directory (mode 0700) unless it is there. Throws ERR_DATA_DIRECTORY if it cannot be used. */
export async function openDataDirectory(
  path: string,
  terminal: Pick<Terminal, "environment" | "homeDirectory">,
): Promise<void> {
  try {
    await makeDirectory(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    // Who named no directory does not know of one, nor where it comes from.
    const isDefault = path === defaultPaths(terminal).dataDirectory;
    const advice = isDefault ? "; it is the default of this user's HOME: name another with --data" : "";
    const message = `the data directory ${path} cannot be used (${systemCode(cause)})${advice}`;
    throw new BywayError("ERR_DATA_DIRECTORY", message, { data: { path }, cause });
  }
}
