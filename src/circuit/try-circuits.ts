import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitNeed, CircuitPool } from "./circuit-pool.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** What a stream needs of a circuit, and how it may be tried. */
export interface CircuitRequest extends CircuitNeed {
  /** Whether using the circuit sends bytes of the app's, which must not reach a target twice. */
  readonly sendsBytes: boolean;
  readonly signal: AbortSignal;
}

/**
 * Runs `use` on a circuit, and on another one as long as a hop is at fault and no bytes of the app's may have gone out.
 * A circuit on which it failed takes no new streams. Throws the first error when no other circuit can be had, else the last.
 */
export async function tryCircuits<T>(
  pool: CircuitPool,
  request: CircuitRequest,
  use: (circuit: Circuit) => Promise<T>,
): Promise<T> {
  const failed = new Set<string>();
  let first: BywayError | undefined;
  for (let attempt = 1; ; ) {
    // The failed peers were left out: why they failed is the better reason than why nobody else would do.
    const circuit = await pool.circuit(request, failed, request.signal).catch((error: unknown) => {
      throw first ?? error;
    });
    // Others who waited for the same circuit were quicker.
    if (circuit.usable && circuit.room === 0) continue;
    try {
      return await use(circuit);
    } catch (cause) {
      const error = toBywayError(cause);
      if (error.kind !== "hop" || request.signal.aborted) throw error;
      first ??= error;
      const culprit = failedPeer(circuit, error);
      pool.retire(circuit, culprit);
      if (error.retry === "never" || request.sendsBytes || attempt >= CIRCUIT_LIMITS.attempts.value) throw error;
      if (culprit !== undefined) failed.add(culprit);
      attempt += 1;
    }
  }
}

/** The peer that is at fault when using a circuit failed: its exit, unless the error names another. */
export function failedPeer(circuit: Circuit, error: BywayError): string | undefined {
  const { peerId } = error.data;
  return typeof peerId === "string" ? peerId : circuit.hops.at(-1)?.peerId;
}
