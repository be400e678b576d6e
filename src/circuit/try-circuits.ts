import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitPool } from "./circuit-pool.ts";
import type { Hop } from "./hop.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** What a stream needs of a circuit. */
export interface CircuitRequest {
  /** Streams share a circuit only when their keys are equal. */
  readonly key: string;
  /** Chooses hops without the peers that have failed this request; throws ERR_NO_NODE when that leaves none. */
  readonly plan: (failed: ReadonlySet<string>) => readonly Hop[];
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
  for (let attempt = 1; ; attempt += 1) {
    let circuit: Circuit | undefined;
    try {
      circuit = await pool.circuit(request.key, () => request.plan(failed), request.signal);
      return await use(circuit);
    } catch (cause) {
      const error = toBywayError(cause);
      // The failed peers were left out: why they failed is the better reason than that nobody else fits.
      if (error.code === "ERR_NO_NODE") throw first ?? error;
      if (error.kind !== "hop" || request.signal.aborted) throw error;
      first ??= error;
      circuit?.close();
      const sent = circuit !== undefined && request.sendsBytes;
      if (error.retry === "never" || sent || attempt >= CIRCUIT_LIMITS.attempts.value) throw error;
      const culprit = error.data.peerId ?? circuit?.hops.at(-1)?.peerId;
      if (typeof culprit === "string") failed.add(culprit);
    }
  }
}
