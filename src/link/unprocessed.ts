import type { BywayError } from "../core/errors.ts";

/** Errors that carry the proof. It is for this client's own code: `data` goes to users, answers and logs. */
const PROVEN = new WeakSet<BywayError>();

/**
 * Returns `error`, an ERR_HOP_LOST, marked as that of a request that reached nobody: either it was never sent, or the hop
 * closed its stream with REFUSED_STREAM or sent a GOAWAY that leaves it out (RFC 9113 §8.7). Such a request may be sent again,
 * with the app's first bytes. Only the returned error has the mark, and no copy of it.
 */
export function unprocessed(error: BywayError): BywayError {
  // Of its own: other requests fail with what is shared.
  const proven = error.with({});
  PROVEN.add(proven);
  return proven;
}

/** Whether `error` is proof that no byte of the request went on from the hop. */
export function isUnprocessed(error: BywayError): boolean {
  return error.code === "ERR_HOP_LOST" && PROVEN.has(error);
}
