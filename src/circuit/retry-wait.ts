import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** A node that may not serve now: its operator closed it, or it cannot write its log. */
export const CLOSED: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_CLOSED", "ERR_NODE_LOG"]);
/** A node that serves as much as it can. */
const FULL: ReadonlySet<ErrorCode> = new Set(["ERR_NODE_LIMIT", "ERR_STREAM_LIMIT"]);
/** A node that wants money from a client that does not pay. */
const PRICED: ReadonlySet<ErrorCode> = new Set(["ERR_PAYMENT_REQUIRED"]);
/** How long to send nothing to a node that said `error`, in ms; undefined if it refused the target alone. */
export function restMs({ code, data }: BywayError): number | undefined {
  if (!CLOSED.has(code) && !FULL.has(code) && !PRICED.has(code)) return undefined;
  const { leastRestMs, longestRestMs } = CIRCUIT_LIMITS;
  const { failureMs } = TRUST_LIMITS;
  const askedMs = typeof data.retryAfterSec === "number" ? data.retryAfterSec * 1_000 : failureMs.value;
  return Math.min(Math.max(askedMs, leastRestMs.value), longestRestMs.value);
}

/** Whether a node that says `error` has had too much of this client for now and takes more in a moment, so that waiting is worth it. */
export function isPaced({ code, data }: BywayError): boolean {
  const { retryAfterSec, isBrief } = data;
  if (!FULL.has(code) || typeof retryAfterSec !== "number") return false;
  if (isBrief === true) return true;
  return retryAfterSec > 0 && retryAfterSec * 1_000 <= CIRCUIT_LIMITS.patienceMs.value;
}

/**
 * The refusal of a hop with a wait of this client's own in place of the hop's: `data.retryAfterSec`, in seconds with fractions, up
 * to `longestRestMs`. It is drawn evenly between what the hop asked for and a little more than twice that. So a hop cannot
 * give each client another number and know it by the time of its next try, or have many come at one moment.
 * `data.isBrief` tells that the hop asked for so little that the stream may wait for it (`isPaced`).
 * The number is dropped if the refusal is not about the hop itself: a hop cannot know when a target is back.
 */
export function withOwnWait(error: BywayError, random: Random): BywayError {
  const { retryAfterSec, ...data } = error.data;
  const askedMs = restMs(error);
  if (askedMs === undefined && retryAfterSec === undefined) return error;
  const isBrief = isPaced(error) ? { isBrief: true } : {};
  const own = askedMs === undefined ? {} : { retryAfterSec: drawnMs(askedMs, random) / 1_000, ...isBrief };
  return new BywayError(error.code, error.message, {
    data: { ...data, ...own },
    retry: error.retry,
    cause: error,
  });
}

/** `accepted`, whose rejection has a wait of this client's own. A caller that does not look at it leaves nothing unhandled. */
export function acceptedWithOwnWait<T>(accepted: Promise<T>, random: Random): Promise<T> {
  const own = accepted.catch((cause: unknown) => {
    throw withOwnWait(toBywayError(cause), random);
  });
  own.catch(() => {});
  return own;
}

/** A wait in ms in the upper half of what is allowed, if `askedMs` is at or beyond it: the bound itself is drawn too. */
function drawnMs(askedMs: number, random: Random): number {
  const { longestRestMs, restSpreadMs } = CIRCUIT_LIMITS;
  const leastMs = Math.min(askedMs, (longestRestMs.value - restSpreadMs.value) / 2);
  return Math.floor(leastMs + random.float() * (leastMs + restSpreadMs.value));
}
