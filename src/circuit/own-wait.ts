import { BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { isPaced, restMs } from "./declined.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

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
