import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { BywayError } from "../core/errors.ts";

/**
 * The dependency undici, loaded when it is first needed: it is large, and CommonJS, which a bundle of ES modules cannot load at
 * its start. So no bundle has it inside; there it is looked for beside the bundle. Throws ERR_USAGE_ARGUMENT without it.
 */
export function loadUndici(): typeof import("undici") {
  // A bundle of CommonJS does not know its own place.
  const here: string | undefined = import.meta.url;
  try {
    return createRequire(here ?? join(process.cwd(), "program.js"))("undici") as typeof import("undici");
  } catch (cause) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      "undici is not installed beside this bundle: install it there, or give createConnector to an Agent of your own",
      { cause },
    );
  }
}
