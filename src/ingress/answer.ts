import { STATUS_CODES } from "node:http";
import { errorRow } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import { funnelIn } from "../routing/no-node.ts";
import { formatProxyStatus } from "../wire/proxy-status.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { requestIdField } from "./reported-fields.ts";

const MAX_TOLD_CHARS = 128;

/** An HTTP answer that Byway itself gives. */
export interface Answer {
  readonly status: number;
  /** Name, value, name, value …; without framing. */
  readonly headers: readonly string[];
  readonly body: string;
}

/**
 * The answer that an error becomes: `Proxy-Status` (RFC 9209), `Retry-After` where it is known when to come again, and a
 * JSON body with code, message and remedy. Where no node fits, the body also has `constraint`, which emptied the set, and
 * `funnel`: how many nodes each constraint left.
 */
export function errorAnswer(error: BywayError): Answer {
  const { http, token } = errorRow(error.code);
  const { code, message, remedy } = error;
  const headers = [
    ["Proxy-Status", formatProxyStatus({ error: token, details: message })],
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
    ...(http === 407 ? [["Proxy-Authenticate", `Basic realm="${realmOf(code)}", charset="UTF-8"`]] : []),
    ...(http === 429 || error.data.retryAfterSec !== undefined ? [["Retry-After", retryAfter(error)]] : []),
  ];
  const body = { code, message, remedy, ...(code === "ERR_NO_NODE" ? emptied(error.data) : {}) };
  const fields = [...headers.flat(), ...requestIdField(error.data.requestId)];
  return { status: http, headers: fields, body: `${JSON.stringify(body)}\n` };
}

/** Writes an answer after which the connection ends, for where there is no response object. */
export function encodeAnswer(answer: Answer): Buffer {
  const framing = ["Content-Length", String(Buffer.byteLength(answer.body)), "Connection", "close"];
  return Buffer.from(encodeHead(answer.status, [...answer.headers, ...framing]) + answer.body);
}

/** Writes a status line and header fields, which are latin1. */
export function encodeHead(status: number, headers: readonly string[], reason?: string): string {
  const lines = [`HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? ""}`];
  for (let index = 0; index + 1 < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What is told of the search that found no node; bounded, since constraints hold what apps wrote. */
function emptied(data: BywayError["data"]): object {
  const funnel = funnelIn(data);
  if (funnel === undefined) return {};
  const { constraint } = data;
  return {
    ...(typeof constraint === "string" ? { constraint: constraint.slice(0, MAX_TOLD_CHARS) } : {}),
    funnel: funnel
      .slice(0, INGRESS_LIMITS.maxReportedSteps.value)
      .map(({ left, what }) => ({ left, what: what.slice(0, MAX_TOLD_CHARS) })),
  };
}

/** What browsers show above the fields for name and password. */
function realmOf(code: BywayError["code"]): string {
  return code === "ERR_USER_NAME" ? "byway: any name will do, such as country-de" : "byway";
}

function retryAfter(error: BywayError): string {
  const { retryAfterSec } = error.data;
  return String(typeof retryAfterSec === "number" ? Math.max(1, Math.ceil(retryAfterSec)) : 1);
}
