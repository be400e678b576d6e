import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { ERROR_TABLE, type ErrorCode, errorRow } from "../core/error-table.ts";
import { BywayError } from "../core/errors.ts";
import { formatProxyStatus, parseProxyStatus } from "../wire/proxy-status.ts";

/** Header in which a hop names Byway's own error code beside the coarser RFC 9209 token. */
const CODE_HEADER = "byway-error";

/** What a stream was asked to reach; decides how a token that fits both is read. */
export type Toward = "hop" | "target";

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
  destination_ip_prohibited: "ERR_TARGET_PROHIBITED",
};

/** Kinds of which a hop may speak; the rest are for this machine to say. */
const TELLABLE: ReadonlySet<string> = new Set(["hop", "target", "policy", "payment"]);

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

function codeOf(headers: IncomingHttpHeaders, token: string | undefined, toward: Toward): ErrorCode {
  const told = headers[CODE_HEADER];
  // That no node fits is what this client's own planning finds.
  if (isCode(told) && told !== "ERR_NO_NODE" && TELLABLE.has(errorRow(told).kind)) return told;
  if (Number(headers[":status"]) === 402) return "ERR_PAYMENT_REQUIRED";
  const codes = toward === "hop" ? HOP_CODES : TARGET_CODES;
  return codes[token ?? ""] ?? (toward === "hop" ? "ERR_HOP_UNREACHABLE" : "ERR_HOP_PROTOCOL");
}

/** Reads an answer other than 200; a stranger wrote it, so unknown parts fall back to the nearest general code. */
export function errorFromAnswer(headers: IncomingHttpHeaders, toward: Toward): BywayError {
  const status = headers[":status"] ?? 0;
  const header = headers["proxy-status"];
  const told = typeof header === "string" ? parseProxyStatus(header).at(-1) : undefined;
  const reason = told?.details ?? told?.error ?? "no reason given";
  const wait = /^[0-9]{1,5}$/.exec(headers["retry-after"] ?? "")?.[0];
  const data = { status, ...(wait === undefined ? {} : { retryAfterSec: Number(wait) }) };
  return new BywayError(codeOf(headers, told?.error, toward), reason, { data });
}
