import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitSpec } from "../circuit/circuit-spec.ts";
import type { BywayError } from "../core/errors.ts";

/** One try of a stream on one circuit. */
export interface CircuitAttempt {
  readonly circuit: Circuit;
  /** From the try's beginning to its end. */
  readonly ms: number;
  /** Why it failed; ERR_ABORTED when another circuit was quicker. Absent when it succeeded. */
  readonly error?: BywayError;
}

/** What a stream needs of a circuit, and how it may be tried. */
export interface RaceRequest extends CircuitSpec {
  /** Whether using the circuit sends bytes of the app's, which must not reach a target twice. */
  readonly sendsBytes: boolean;
  readonly signal: AbortSignal;
  /** Whether `use` resolves before the exit has answered, so that its success says nothing of the exit. Default false. */
  readonly answersLater?: boolean;
  /** An exit, by peer id, that has declined this already, and what it said. */
  readonly declined?: { readonly exit: string; readonly error: BywayError } | undefined;
  /** The time within which an answer over `circuit` is to be expected, in ms; undefined where nothing is known of it. */
  readonly hedgeMs?: (circuit: Circuit) => number | undefined;
  /** Told of each try when it has ended. */
  readonly onAttempt?: (attempt: CircuitAttempt) => void;
}
