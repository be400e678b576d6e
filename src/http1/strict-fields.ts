import { BywayError } from "../core/errors.ts";
import { trimBlanks } from "../core/trim-blanks.ts";
import { TOKEN } from "./fields.ts";

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Reads fields strictly, from `lines[start]` on; throws ERR_REQUEST_MALFORMED. */
export function parseStrictFields(lines: readonly string[], start: number): string[] {
  const headers: string[] = [];
  for (let index = start; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const colon = line.indexOf(":");
    if (colon === -1) throw malformed("a header line has no colon");
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) throw malformed("the name of a header field is no token");
    const value = trimBlanks(line.slice(colon + 1));
    if (!VALUE.test(value)) throw malformed("a header field has a control character");
    headers.push(name, value);
  }
  return headers;
}

/** Why a request cannot be read. */
export function malformed(what: string): BywayError {
  return new BywayError("ERR_REQUEST_MALFORMED", `the request is not HTTP: ${what}`);
}
