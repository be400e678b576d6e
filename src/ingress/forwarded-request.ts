import { listOf, valuesOf } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { endToEnd } from "./hop-by-hop.ts";
import { type AbsoluteForm, VIA_NAME } from "./http-request.ts";

/** Methods that may be sent again when their connection turns out to be dead (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/** Methods whose requests carry content, and say so when they have none (RFC 9110 §8.6): some servers ask for it. */
const WITH_CONTENT: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Methods that count how many proxies they pass (RFC 9110 §7.6.2). */
const COUNTED: ReadonlySet<string> = new Set(["OPTIONS", "TRACE"]);

const MOST_FORWARDS = 999_999_999;

/** Whether a request has no body and sending it twice does what sending it once does. */
export function isRepeatable({ method, isChunked, length }: RequestHead): boolean {
  return !isChunked && length === undefined && IDEMPOTENT.has(method);
}

/** How many more proxies may pass an OPTIONS or TRACE request on; undefined where it does not say. */
export function forwardsLeft({ method, headers }: RequestHead): number | undefined {
  if (!COUNTED.has(method)) return undefined;
  const counts = valuesOf(headers, "max-forwards").filter((text) => /^[0-9]+$/.test(text));
  return counts.length === 0 ? undefined : Math.min(MOST_FORWARDS, ...counts.map(Number));
}

/** The head of a request as the target gets it. `upgrade` are the protocols to change to; latin1. */
export function encodeForwarded(request: RequestHead, to: AbsoluteForm, upgrade: string | undefined): string {
  const { method, headers, version, isChunked, length } = request;
  const forwards = forwardsLeft(request);
  const without = ["host", "content-length", ...(isChunked ? [] : ["trailer"])];
  if (forwards !== undefined) without.push("max-forwards");
  const sent = ["Host", to.authority, ...endToEnd(headers, without)];
  if (forwards !== undefined) sent.push("Max-Forwards", String(forwards - 1));
  sent.push("Via", `${version} ${VIA_NAME}`);
  if (isChunked) sent.push("Transfer-Encoding", "chunked");
  else if (length !== undefined) sent.push("Content-Length", String(length));
  else if (WITH_CONTENT.has(method)) sent.push("Content-Length", "0");
  if (upgrade !== undefined) sent.push("Connection", "Upgrade", "Upgrade", upgrade);
  else if (listOf(headers, "te").includes("trailers")) sent.push("TE", "trailers", "Connection", "TE, keep-alive");
  else sent.push("Connection", "keep-alive");
  let text = `${method} ${to.path} HTTP/1.1\r\n`;
  for (let index = 0; index + 1 < sent.length; index += 2) text += `${sent[index]}: ${sent[index + 1]}\r\n`;
  return `${text}\r\n`;
}
