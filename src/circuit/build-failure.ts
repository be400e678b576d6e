import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import type { Link } from "../link/link.ts";
import type { Hop } from "./hop.ts";

/** The stage of building that failed: dialling, asking the hop before to extend, or the handshake with the hop. */
export type Stage = "dial" | "extend" | "handshake";

/** Adds to `cause` which hop of how many failed, and at which stage. */
export function hopError(cause: unknown, hops: readonly Hop[], index: number, stage: Stage): BywayError {
  const error = toBywayError(cause);
  const hop = hops[index];
  if (hop === undefined || error.code === "ERR_ABORTED" || error.code === "ERR_STOPPED") return error;
  const place = `hop ${index + 1} of ${hops.length} (${shortPeerId(hop.peerId)})`;
  return new BywayError(error.code, `${place} failed at ${stage}: ${error.message}`, {
    cause: error,
    retry: error.retry,
    data: { ...error.data, hop: index + 1, hops: hops.length, peerId: hop.peerId, stage },
  });
}

/** The hop at fault, and whether this client knows it itself or believes the hop before it. */
export interface Blame {
  readonly index: number;
  readonly isKnown: boolean;
}

/** Errors with which a hop says that it does not carry on. */
const REFUSES: ReadonlySet<ErrorCode> = new Set(["ERR_HOP_ROLE", "ERR_HOP_LIMIT"]);

/**
 * The hop at fault when extending to `index` failed with `error`. `before` is the link to the last hop that is linked; `silent`
 * is the first of the linked hops that does not answer.
 */
export function blameFor(
  before: Pick<Link, "usable"> | undefined,
  index: number,
  { code }: BywayError,
  silent: number | undefined,
): Blame {
  if (silent !== undefined) return { index: silent, isKnown: silent === 0 };
  if (index === 0 || before === undefined) return { index: 0, isKnown: true };
  if (REFUSES.has(code)) return { index: index - 1, isKnown: true };
  return before.usable ? { index, isKnown: false } : { index: index - 1, isKnown: index === 1 };
}

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
