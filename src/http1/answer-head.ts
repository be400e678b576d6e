import { trimBlanks } from "../core/trim-blanks.ts";
import type { BodyDecoder } from "./body-decoder.ts";
import { bodyDecoder, FixedLength } from "./body-decoders.ts";
import { ANSWER_CHUNK_RULES } from "./chunk-rules.ts";
import { listOf, type RawHeaders, valuesOf } from "./fields.ts";
import { HeadCollector } from "./head-collector.ts";
import { notHttp, parseLenientFields, plainValue, protocolError } from "./lenient-fields.ts";
import { HTTP1_LIMITS } from "./limits.ts";

/** The head of an answer, read leniently. Texts hold one latin1 character for each byte. */
export interface AnswerHead {
  readonly version: "1.0" | "1.1";
  readonly status: number;
  readonly reason: string;
  /** Repaired where RFC 9112 asks for it: no blanks before colons, no folded lines, no CR or NUL in values. */
  readonly headers: RawHeaders;
  /** Whether the body comes in chunks, which counts over any length (RFC 9112 §6.3). */
  readonly isChunked: boolean;
  /** The length of the body where one is given and counts. */
  readonly length: number | undefined;
  /** Whether every reader finds the same end of this message. Otherwise nothing may follow on its connection. */
  readonly isClean: boolean;
}

const STATUS_LINE = /^HTTP\/1\.([0-9]) +([1-9][0-9]{2})(?:[ \t]([\s\S]*))?$/;

/** Collects the head of an answer; throws ERR_TARGET_PROTOCOL. */
export function answerHeadCollector(): HeadCollector {
  const maxBytes = HTTP1_LIMITS.maxAnswerHeadBytes.value;
  const maxLines = HTTP1_LIMITS.maxAnswerLines.value;
  return new HeadCollector({
    maxBytes,
    maxLines,
    bareLf: true,
    bareLfError: () => notHttp("a line ends with LF alone"),
    tooLarge: () => protocolError(`the head of the target's answer exceeds ${maxBytes} bytes`),
    tooManyLines: () => protocolError(`the head of the target's answer has more than ${maxLines} lines`),
    checkStart: (line, isWhole) => {
      const isFit = isWhole ? STATUS_LINE.test(line) : "HTTP/1.".startsWith(line.slice(0, 7)) || line.startsWith("\r");
      if (!isFit) throw notHttp("it has no status line of HTTP/1");
    },
  });
}

/**
 * Reads the lines of an answer. Servers are old and odd, and the app may know them: what can be passed on without being
 * read in two ways is passed on. Whatever leaves a doubt about the end of the message has `isClean` false.
 *
 * @throws BywayError ERR_TARGET_PROTOCOL.
 */
export function parseAnswerHead(lines: readonly string[], hasCleanLines: boolean): AnswerHead {
  const [, minor = "", status = "", reason = ""] = STATUS_LINE.exec(lines[0] ?? "") ?? [];
  if (status === "") throw notHttp("it has no status line of HTTP/1");
  const version = minor === "0" ? "1.0" : "1.1";
  const { headers, isClean: hasCleanFields } = parseLenientFields(lines, 1);
  const codings = listOf(headers, "transfer-encoding");
  const counted = codings.filter((coding) => coding !== "identity");
  const isChunked = counted.length > 0;
  if (isChunked && counted.join() !== "chunked")
    throw protocolError("the target's answer has a Transfer-Encoding other than chunked");
  const lengths = valuesOf(headers, "content-length");
  const hasEncoding = valuesOf(headers, "transfer-encoding").length > 0;
  return {
    version,
    status: Number(status),
    reason: plainValue(reason),
    headers,
    isChunked,
    length: isChunked ? undefined : readLengths(lengths),
    isClean:
      hasCleanLines &&
      hasCleanFields &&
      lengths.length <= 1 &&
      !lengths[0]?.includes(",") &&
      !(hasEncoding && (lengths.length > 0 || version === "1.0" || codings.join() !== "chunked")),
  };
}

/** The body of an answer to a request with `method` (RFC 9112 §6.3). */
export function answerBody(head: AnswerHead, method: string): BodyDecoder {
  return hasNoBody(head.status, method) ? new FixedLength(0) : bodyDecoder(head, ANSWER_CHUNK_RULES);
}

/** Whether an answer never has a body, whatever its fields say. */
export function hasNoBody(status: number, method: string): boolean {
  return method === "HEAD" || status < 200 || status === 204 || status === 304;
}

/** One length, or the same one several times (RFC 9110 §8.6). */
function readLengths(values: readonly string[]): number | undefined {
  if (values.length === 0) return undefined;
  const texts = new Set(values.flatMap((value) => value.split(",")).map(trimBlanks));
  const [text = ""] = texts;
  const length = Number(text);
  if (texts.size > 1 || !/^[0-9]+$/.test(text) || !Number.isSafeInteger(length))
    throw protocolError("the target's answer has a Content-Length that is not one number of bytes");
  return length;
}
