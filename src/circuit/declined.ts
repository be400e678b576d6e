import type { ErrorCode } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** A node that may not serve now: its operator closed it, or it cannot write what it must. */
const CLOSED: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_CLOSED", "ERR_NODE_LOG"]);
/** A node that has as much as it takes. */
const FULL: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_LIMIT", "ERR_STREAM_LIMIT"]);
/** What an operator decided about targets. */
const POLICY: ReadonlySet<ErrorCode> = new Set(["ERR_POLICY_PORT", "ERR_POLICY_TARGET", "ERR_POLICY_LISTED"]);

/**
 * Whether a node that says `error` does nothing wrong and another one may do what it does not: its policy closes the target,
 * it is full or closed. A session stays with its exit, whose policy and bounds are part of it, unless that is closed.
 */
export function isDeclined({ code }: BywayError, isSession: boolean): boolean {
  return CLOSED.has(code) || (!isSession && (FULL.has(code) || POLICY.has(code)));
}

/** How long to leave a node in peace that said `error`, in ms; undefined where only the target was refused. */
export function restMs({ code, data }: BywayError): number | undefined {
  if (!CLOSED.has(code) && !FULL.has(code)) return undefined;
  const { leastRestMs, failureMs, longestRestMs } = CIRCUIT_LIMITS;
  const askedMs = typeof data.retryAfterSec === "number" ? data.retryAfterSec * 1_000 : failureMs.value;
  return Math.min(Math.max(askedMs, leastRestMs.value), longestRestMs.value);
}
