import { BywayError, toBywayError } from "../core/errors.ts";
import { shortPeerId } from "../identity/peer-id.ts";
import type { Hop } from "./hop.ts";

/** What a circuit was doing when it failed: dialling, asking the hop before to extend, or the handshake with the hop. */
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
