import { BywayError, systemCode, toBywayError } from "../core/errors.ts";

/** What of a stream and of its circuit says how it ended. */
export interface EndedStream {
  readonly stream: { readonly errored: Error | null };
  readonly circuit: { readonly ended: boolean };
}

/** How a stream ended when it did not end well: what Node says of a broken connection is no error of Byway's own. */
export function streamEnd({ stream: { errored }, circuit }: EndedStream): BywayError | undefined {
  if (errored === null) return undefined;
  if (errored instanceof BywayError || systemCode(errored) === "") return toBywayError(errored);
  return circuit.ended
    ? new BywayError("ERR_HOP_LOST", "the circuit broke while the stream was open", { cause: errored })
    : new BywayError("ERR_TARGET_RESET", "the exit reset the stream, as it does when the target has", {
        cause: errored,
      });
}
