import type { ErrorCode } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** A node that may not serve now: its operator closed it, or it cannot write what it must. */
const CLOSED: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_CLOSED", "ERR_NODE_LOG"]);
/** A node that has as much as it takes. */
const FULL: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_LIMIT", "ERR_STREAM_LIMIT"]);
/** A node that wants to be paid by a client that does not. */
const PRICED: ReadonlySet<ErrorCode> = new Set(["ERR_PAYMENT_REQUIRED"]);
/** What is so at one exit, by its own rules, routes and software, and may be otherwise at the next. */
const OTHERWISE: ReadonlySet<ErrorCode> = new Set([
  "ERR_TARGET_NETWORK",
  "ERR_TARGET_UNREACHABLE",
  "ERR_REQUEST_TARGET",
]);

/**
 * Whether a node that says `error` does nothing wrong and another one may do what it does not: its policy closes the target,
 * it is full, closed or wants money, or the target is out of its reach alone. A session stays with its exit, whose policy
 * and bounds are part of it, unless that is closed. Of policy errors the retry hint decides, which the catcher may have set.
 */
export function isDeclined({ code, kind, retry }: BywayError, isSession: boolean): boolean {
  if (CLOSED.has(code)) return true;
  const isPolicy = kind === "policy" && retry === "other-node";
  return !isSession && (isPolicy || PRICED.has(code) || OTHERWISE.has(code));
}

/** How long to leave a node in peace that said `error`, in ms; undefined where only the target was refused. */
export function restMs({ code, data }: BywayError): number | undefined {
  if (!CLOSED.has(code) && !FULL.has(code) && !PRICED.has(code)) return undefined;
  const { leastRestMs, longestRestMs } = CIRCUIT_LIMITS;
  const { failureMs } = TRUST_LIMITS;
  const askedMs = typeof data.retryAfterSec === "number" ? data.retryAfterSec * 1_000 : failureMs.value;
  return Math.min(Math.max(askedMs, leastRestMs.value), longestRestMs.value);
}

/**
 * Whether a node that says `error` has had more of this client than it takes for now, and will take more in a moment: it
 * is worth waiting for.
 */
export function isPaced({ code, data }: BywayError): boolean {
  const { retryAfterSec, isBrief } = data;
  if (!FULL.has(code) || typeof retryAfterSec !== "number") return false;
  if (isBrief === true) return true;
  return retryAfterSec > 0 && retryAfterSec * 1_000 <= CIRCUIT_LIMITS.patienceMs.value;
}
