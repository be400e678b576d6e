import { access, constants } from "node:fs/promises";
import { BywayError, systemCode } from "../core/errors.ts";
import { makeDirectory } from "../storage/make-directory.ts";

/** Makes the data directory (mode 0700) unless it is there. Throws ERR_DATA_DIRECTORY if it cannot be used. */
export async function openDataDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new BywayError("ERR_DATA_DIRECTORY", `the data directory ${path} cannot be used (${systemCode(cause)})`, {
      data: { path },
      cause,
    });
  }
}
