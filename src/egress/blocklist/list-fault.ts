import { BywayError, systemCode } from "../../core/errors.ts";

/** ERR_BLOCKLIST: `why` says what is wrong with the list, such as `is an HTML page`. */
export function listFault(why: string, cause?: unknown): BywayError {
  return new BywayError("ERR_BLOCKLIST", `the list ${why}`, { cause });
}

/** Whatever went wrong with reading a list, as ERR_BLOCKLIST. */
export function toListFault(cause: unknown): BywayError {
  if (cause instanceof BywayError) return cause;
  const code = systemCode(cause) || systemCode((cause as { cause?: unknown } | undefined)?.cause);
  if (code.startsWith("Z_")) return listFault("is damaged: it cannot be unpacked", cause);
  return listFault(`cannot be read (${code || "no answer"})`, cause);
}
