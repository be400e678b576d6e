import type { BywayError } from "../core/errors.ts";

const FACT = "isUnprocessed";

/**
 * ERR_HOP_LOST of a request that reached nobody: either it was never sent, or the hop closed its stream with REFUSED_STREAM
 * or sent a GOAWAY that leaves it out (RFC 9113 §8.7). Such a request may be sent again, with the app's first bytes.
 */
export function unprocessed(error: BywayError): BywayError {
  return error.with({ [FACT]: true });
}

/** Whether `error` is proof that no byte of the request went on from the hop. */
export function isUnprocessed({ code, data }: BywayError): boolean {
  return code === "ERR_HOP_LOST" && data[FACT] === true;
}
