import { fieldsOf, type RawHeaders } from "../http1/fields.ts";
import { parseParameters } from "../routing/constraint-keys.ts";
import type { Parameter } from "../routing/parameter.ts";

/** The header field by which a request says which exit it wants. It is for this proxy and never forwarded. */
export const SELECT_FIELD = "byway-select";

/**
 * The parameters in `byway-select: country=us, hops=3`, a dictionary (RFC 9651 §3.2); several lines are one (§4.2).
 * Throws ERR_PARAMETER_VALUE when it is malformed.
 */
export function selectParameters(headers: RawHeaders): readonly Parameter[] {
  const lines = [...fieldsOf(headers)].filter(([name]) => name === SELECT_FIELD).map(([, , value]) => value);
  return lines.length === 0 ? [] : parseParameters(lines.join(", "));
}
