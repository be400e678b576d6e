import type { Circuit } from "../circuit/circuit.ts";
import type { BywayError } from "../core/errors.ts";

/** The peer that is at fault when using a circuit failed: whom the error names, else the first hop that is gone, else the exit. */
export function failedPeer(circuit: Circuit, error: BywayError): string | undefined {
  const { peerId } = error.data;
  return typeof peerId === "string" ? peerId : (circuit.culprit ?? circuit.hops.at(-1)?.peerId);
}
