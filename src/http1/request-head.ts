import { BywayError } from "../core/errors.ts";
import type { BodyDecoder } from "./body-decoder.ts";
import { bodyDecoder, FixedLength } from "./body-decoders.ts";
import { requestChunkRules } from "./chunk-rules.ts";
import { type RawHeaders, TOKEN, valuesOf } from "./fields.ts";
import { HeadCollector } from "./head-collector.ts";
import { malformed, parseStrictFields } from "./strict-fields.ts";

/** The head of a request, read strictly. Texts hold one latin1 character for each byte. */
export interface RequestHead {
  /** Any token (RFC 9110 §9.1). */
  readonly method: string;
  /** As it came: no blanks and no control characters; bytes above 0x7F are allowed. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  readonly headers: RawHeaders;
  /** Whether the body comes in chunks. */
  readonly isChunked: boolean;
  /** The length of the body where one is given. */
  readonly length: number | undefined;
}

const REQUEST_LINE = /^([^ ]+) ([^ ]+) HTTP\/([0-9])\.([0-9])$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Collects the head of a request of at most `maxBytes` and `maxFields`; throws ERR_REQUEST_MALFORMED and ERR_REQUEST_TOO_LARGE. */
export function requestHeadCollector(maxBytes: number, maxFields: number): HeadCollector {
  return new HeadCollector({
    maxBytes,
    maxLines: 1 + maxFields,
    bareLf: false,
    bareLfError: () => malformed("a line ends with LF alone"),
    tooLarge: () => new BywayError("ERR_REQUEST_TOO_LARGE", `the head of the request exceeds ${maxBytes} bytes`),
    tooManyLines: () => new BywayError("ERR_REQUEST_TOO_LARGE", `the request has more than ${maxFields} header fields`),
    checkStart: (line, isWhole) => {
      if (isWhole) readRequestLine(line);
      else if (CONTROL.test(line)) throw malformed("a control character in the request line");
    },
  });
}

/**
 * Reads the lines of a request. What two readers could take for two different messages is refused (RFC 9112 §6.1, §11.2),
 * as is everything that a request of a program would not have: folded lines, names that are no tokens, control characters.
 *
 * @throws BywayError ERR_REQUEST_MALFORMED.
 */
export function parseRequestHead(lines: readonly string[]): RequestHead {
  const [method, target, version] = readRequestLine(lines[0] ?? "");
  const headers = parseStrictFields(lines, 1);
  const encodings = valuesOf(headers, "transfer-encoding");
  const lengths = valuesOf(headers, "content-length");
  if (encodings.length > 0) {
    if (version === "1.0") throw malformed("an HTTP/1.0 request has a Transfer-Encoding");
    if (encodings.length > 1 || encodings[0]?.toLowerCase() !== "chunked")
      throw malformed("the request has a Transfer-Encoding other than chunked");
    if (lengths.length > 0) throw malformed("the request has a Content-Length and a Transfer-Encoding");
  }
  const length = readLength(lengths);
  return { method, target, version, headers, isChunked: encodings.length > 0, length };
}

/** The body of a request. */
export function requestBody(head: RequestHead, maxTrailerBytes: number, maxTrailers: number): BodyDecoder {
  if (!head.isChunked && head.length === undefined) return new FixedLength(0);
  return bodyDecoder(head, requestChunkRules(maxTrailerBytes, maxTrailers));
}

function readRequestLine(line: string): readonly [method: string, target: string, version: "1.0" | "1.1"] {
  const [, method = "", target = "", major = "", minor = ""] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") throw malformed("the request line is not of the form METHOD target HTTP/1.1");
  if (!TOKEN.test(method)) throw malformed("the method is no token");
  if (!TARGET.test(target)) throw malformed("the target has a control character");
  const version = `${major}.${minor}`;
  if (version !== "1.1" && version !== "1.0") throw malformed(`HTTP version ${version} is not served here`);
  return [method, target, version];
}

function readLength(lengths: readonly string[]): number | undefined {
  const [text] = lengths;
  if (text === undefined) return undefined;
  const length = Number(text);
  if (lengths.length > 1 || !/^[0-9]+$/.test(text) || !Number.isSafeInteger(length))
    throw malformed("Content-Length is not one number of bytes");
  return length;
}
