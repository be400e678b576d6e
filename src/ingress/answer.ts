import { type ServerResponse, STATUS_CODES } from "node:http";
import { errorRow } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import { formatProxyStatus } from "../wire/proxy-status.ts";
import type { RouteHop, RouteSummary } from "./stream-opener.ts";

/** An HTTP answer that Byway itself gives. */
export interface Answer {
  readonly status: number;
  /** Name, value, name, value …; without framing. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The answer that an error becomes: `Proxy-Status` (RFC 9209) and a JSON body with code, message and remedy. */
export function errorAnswer(error: BywayError): Answer {
  const { http, token } = errorRow(error.code);
  const { code, message, remedy } = error;
  const headers = [
    ["Proxy-Status", formatProxyStatus({ error: token, details: message })],
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
    ...(http === 407 ? [["Proxy-Authenticate", 'Basic realm="byway"']] : []),
    ...(http === 429 ? [["Retry-After", retryAfter(error)]] : []),
  ];
  return { status: http, headers: headers.flat(), body: `${JSON.stringify({ code, message, remedy })}\n` };
}

/** Gives an answer on a response of Node's; `close` ends the connection after it. */
export function sendAnswer(response: ServerResponse, answer: Answer, close = false): void {
  const framing = ["Content-Length", String(Buffer.byteLength(answer.body)), ...(close ? ["Connection", "close"] : [])];
  response.writeHead(answer.status, STATUS_CODES[answer.status] ?? "", [...answer.headers, ...framing]);
  response.end(answer.body);
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

/** The fields that tell the way that was taken, for a request with `byway-debug: 1`: items of RFC 9651. */
export function debugHeaders(route: RouteSummary): readonly string[] {
  return ["byway-exit", hopItem(route.exit), "byway-hops", route.hops.map(hopItem).join(", ")];
}

function hopItem(hop: RouteHop): string {
  return hop.country === undefined ? hop.peerId : `${hop.peerId};country=${hop.country}`;
}

function retryAfter(error: BywayError): string {
  const { retryAfterSec } = error.data;
  return String(typeof retryAfterSec === "number" ? Math.max(1, Math.ceil(retryAfterSec)) : 1);
}
