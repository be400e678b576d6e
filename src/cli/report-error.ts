import { isOutOfDescriptors } from "../core/descriptors.ts";
import { errorRow } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { plainText } from "../core/plain-text.ts";
import { jsonLine } from "./json-line.ts";
import type { Terminal } from "./terminal.ts";

/** Prints an error with its remedy on standard error, as one JSON line if `json`; the exit code it asks for. */
export function reportError(terminal: Terminal, json: boolean, thrown: unknown): number {
  const error = withRightRemedy(toBywayError(thrown));
  if (json) {
    terminal.writeError(jsonLine({ error: error.toJSON() }));
  } else {
    for (const { code, message } of [error, ...others(error)])
      terminal.writeError(`byway: ${plainText(message)} (${code})\n`);
    terminal.writeError(`  ${error.remedy}\n`);
    if (error.kind === "internal") terminal.writeError(`${(error.cause as Error | undefined)?.stack ?? error.stack}\n`);
  }
  return errorRow(error.code).exit;
}

/** Further mistakes of the same configuration. */
function others({ data }: BywayError): readonly { readonly code: string; readonly message: string }[] {
  return Array.isArray(data.others) ? (data.others as { readonly code: string; readonly message: string }[]) : [];
}

/** Whatever it was that could not be opened: the remedy is another one where too many files are open. */
function withRightRemedy(error: BywayError): BywayError {
  if (!isOutOfDescriptors(error)) return error;
  return new BywayError("ERR_DESCRIPTORS", error.message, { data: error.data, cause: error });
}
