import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { ERROR_TABLE, type ErrorCode, errorRow } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { WIRE_LIMITS } from "../wire/limits.ts";
import { formatProxyStatus, parseProxyStatus } from "../wire/proxy-status.ts";
import { SAYABLE, type Toward } from "./hop-word.ts";
import { LINK_LIMITS } from "./limits.ts";

/** Header in which a hop names Byway's own error code beside the coarser RFC 9209 token. */
const CODE_HEADER = "byway-error";

const TARGET_CODES: Readonly<Record<string, ErrorCode>> = {
  dns_error: "ERR_TARGET_NAME",
  dns_timeout: "ERR_TARGET_NAME_TIMEOUT",
  destination_ip_prohibited: "ERR_TARGET_PROHIBITED",
  destination_ip_unroutable: "ERR_TARGET_UNREACHABLE",
  destination_unavailable: "ERR_TARGET_UNREACHABLE",
  connection_refused: "ERR_TARGET_REFUSED",
  connection_terminated: "ERR_TARGET_RESET",
  connection_timeout: "ERR_TARGET_TIMEOUT",
  connection_limit_reached: "ERR_STREAM_LIMIT",
  http_request_denied: "ERR_POLICY_PORT",
  http_request_error: "ERR_REQUEST_TARGET",
};

const HOP_CODES: Readonly<Record<string, ErrorCode>> = {
  connection_timeout: "ERR_HOP_TIMEOUT",
  connection_limit_reached: "ERR_HOP_LIMIT",
  destination_not_found: "ERR_HOP_UNKNOWN",
  http_request_denied: "ERR_HOP_ROLE",
};

function isCode(text: unknown): text is ErrorCode {
  return typeof text === "string" && Object.hasOwn(ERROR_TABLE, text);
}

/** The answer headers that carry an error to the client (status, RFC 9209 `Proxy-Status`, Byway's code, RFC 9110 §10.2.3 `Retry-After`). */
export function errorAnswer(error: BywayError): OutgoingHttpHeaders {
  const row = errorRow(error.code);
  return {
    ":status": row.http,
    "proxy-status": formatProxyStatus({ error: row.token, details: error.message }),
    [CODE_HEADER]: error.code,
    ...(row.http === 429 || error.data.retryAfterSec !== undefined
      ? { "retry-after": String(error.data.retryAfterSec ?? 1) }
      : {}),
  };
}

function codeOf(code: unknown, status: number, token: string | undefined, toward: Toward): ErrorCode {
  if (isCode(code) && SAYABLE[toward].has(code)) return code;
  if (status === 402) return "ERR_PAYMENT_REQUIRED";
  const codes = toward === "target" ? TARGET_CODES : HOP_CODES;
  return codes[token ?? ""] ?? (toward === "target" ? "ERR_HOP_PROTOCOL" : "ERR_HOP_UNREACHABLE");
}

/** Who answers, by what was asked for. */
const SPEAKERS: Readonly<Record<Toward, string>> = { hop: "the relay", target: "the exit", node: "the node" };

/**
 * Reads an answer other than 200; a stranger wrote it. The hop is believed for the codes that it may say (`SAYABLE`); any
 * other code is read as the nearest general one. Numbers are cut to their ranges. The message names the speaker and quotes its
 * words, at most 256 printable ASCII characters (`parseProxyStatus`): nobody takes them for words of this program.
 */
export function errorFromAnswer(headers: IncomingHttpHeaders, toward: Toward): BywayError {
  const status = statusOf(headers[":status"]);
  const header = headers["proxy-status"];
  const member = typeof header === "string" ? parseProxyStatus(header).at(-1) : undefined;
  const reason = quoted(toward, member?.details ?? member?.error);
  const retryAfterSec = secondsOf(headers["retry-after"]);
  const data = { status, ...(retryAfterSec === undefined ? {} : { retryAfterSec }) };
  return new BywayError(codeOf(headers[CODE_HEADER], status, member?.error, toward), reason, { data });
}

/** A quotation that the words themselves cannot end: they hold no double quote. */
function quoted(toward: Toward, words: string | undefined): string {
  const speaker = SPEAKERS[toward];
  if (words === undefined || words.trim() === "") return `${speaker} gave no reason`;
  return `${speaker} says: "${words.slice(0, WIRE_LIMITS.maxDetailsChars.value).replaceAll('"', "'")}"`;
}

/** A status of RFC 9110 §15 that ends a request; 0 for anything else. */
function statusOf(value: unknown): number {
  const status = Number(value);
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 0;
}

/** The delay form of RFC 9110 §10.2.3, held to what a node may ask for; undefined for anything else. */
function secondsOf(value: string | undefined): number | undefined {
  if (value === undefined || !/^[0-9]{1,5}$/.test(value)) return undefined;
  return Math.min(Number(value), LINK_LIMITS.retryAfterSec.value);
}
