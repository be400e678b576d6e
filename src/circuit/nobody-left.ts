import type { ErrorCode } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";

/** Errors of builds in which every node that fits had failed. */
const MARKED = new WeakSet<BywayError>();

/** A hop that says so answers, and may have room in the next moment. */
const BUSY: ReadonlySet<ErrorCode> = new Set(["ERR_HOP_LIMIT"]);

/** Marks `error` as that of a build which failed at every node that fits, if a hop is at fault. Returns it. */
export function nobodyLeft(error: BywayError): BywayError {
  if (error.kind === "hop" && !BUSY.has(error.code)) MARKED.add(error);
  return error;
}

/** Whether the same build would fail at once in the same way. */
export function isNobodyLeft(error: BywayError): boolean {
  return MARKED.has(error);
}
