import { fieldsOf, listOf, type RawHeaders } from "../http1/fields.ts";

/** Fields that are for this connection only (RFC 9110 §7.6.1), and those that are for this proxy only. */
const FOR_THIS_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Fields that decide framing, routing or rights and therefore mean nothing in a trailer (RFC 9110 §6.5.1). */
const NEVER_IN_TRAILERS: ReadonlySet<string> = new Set([
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "max-forwards",
  "set-cookie",
  "trailer",
  "via",
]);

/** The fields that go on to the next hop: without those of this hop, those that `Connection` names, and Byway's own. */
export function endToEnd(headers: RawHeaders, without: readonly string[] = []): string[] {
  const dropped = new Set([...FOR_THIS_HOP, ...listOf(headers, "connection"), ...without]);
  const kept: string[] = [];
  for (const [name, written, value] of fieldsOf(headers)) {
    if (!dropped.has(name) && !name.startsWith("byway-")) kept.push(written, value);
  }
  return kept;
}

/** The trailer fields that may go on, as pairs. */
export function endToEndTrailers(trailers: RawHeaders): [string, string][] {
  const pairs: [string, string][] = [];
  for (const [name, written, value] of fieldsOf(endToEnd(trailers))) {
    if (!NEVER_IN_TRAILERS.has(name)) pairs.push([written, value]);
  }
  return pairs;
}
