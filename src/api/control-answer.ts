import { errorRow } from "../core/error-table.ts";
import { toBywayError } from "../core/errors.ts";

/** An answer: an HTTP status and a body in JSON. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: string;
}

/** What `thrown` is answered with: `{"error": {code, message, remedy, …}}` and the status of the error table. */
export function errorAnswer(thrown: unknown): ControlAnswer {
  const error = toBywayError(thrown);
  return { status: errorRow(error.code).http, body: JSON.stringify({ error: error.toJSON() }) };
}
