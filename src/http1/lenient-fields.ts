import { BywayError } from "../core/errors.ts";
import { trimBlanks, withoutBlanksBehind } from "../core/trim-blanks.ts";
import { TOKEN } from "./fields.ts";

const FRAMING = /content-length|transfer-encoding/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNSAFE = /[\x00\r]/g;

/** Reads fields leniently, from `lines[start]` on; throws ERR_TARGET_PROTOCOL. */
export function parseLenientFields(
  lines: readonly string[],
  start: number,
): { readonly headers: string[]; readonly isClean: boolean } {
  const headers: string[] = [];
  let isClean = true;
  /** The lines of the last value where it is folded: joined once, since there may be very many. */
  let folds: string[] = [];
  const unfold = (): void => {
    if (folds.length > 0) headers.push(trimBlanks([headers.pop(), ...folds].join(" ")));
    folds = [];
  };
  for (let index = start; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line.startsWith(" ") || line.startsWith("\t")) {
      isClean = false;
      // Blanks in place of the fold (RFC 9112 §5.2); a line that follows no field is passed over (§2.2).
      if (headers.length > 0) folds.push(plainValue(line));
      continue;
    }
    unfold();
    const colon = line.indexOf(":");
    if (colon === -1) throw notHttp("a header line has no colon");
    const written = line.slice(0, colon);
    const isToken = TOKEN.test(written);
    const name = isToken ? written : plainName(written);
    isClean &&= isToken;
    const value = trimBlanks(line.slice(colon + 1));
    const plain = plainValue(value);
    isClean &&= plain === value;
    if (name !== "") headers.push(name, plain);
  }
  unfold();
  return { headers, isClean };
}

/** Why an answer cannot be read. */
export function protocolError(what: string): BywayError {
  return new BywayError("ERR_TARGET_PROTOCOL", what);
}

/** A name that is no token, without the blanks before its colon (RFC 9112 §5.1); throws where framing may hang on it. */
function plainName(written: string): string {
  const name = withoutBlanksBehind(written);
  if (TOKEN.test(name)) return name;
  if (/[\0\r]/.test(name) || FRAMING.test(name.toLowerCase().replace(/[^a-z-]/g, "")))
    throw notHttp("the name of a header field cannot be read");
  return name;
}

/** A value without blanks around it, and with a blank in place of each CR and NUL (RFC 9110 §5.5). */
export function plainValue(value: string): string {
  return trimBlanks(value.replace(UNSAFE, " "));
}

/** Why an answer is not one of HTTP/1. */
export function notHttp(what: string): BywayError {
  return protocolError(`the target's answer is not HTTP: ${what}`);
}
