/** Header fields in the order and spelling in which they came: name, value, name, value … */
export type RawHeaders = readonly string[];

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

/** The fields of a message as pairs of lower-case name, name as written, and value. */
export function* fieldsOf(headers: RawHeaders): Generator<readonly [name: string, written: string, value: string]> {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const written = headers[index] ?? "";
    yield [written.toLowerCase(), written, headers[index + 1] ?? ""];
  }
}

/** Every value of one field, split at commas, trimmed and in lower case. */
export function listOf(headers: RawHeaders, field: string): readonly string[] {
  return [...fieldsOf(headers)]
    .filter(([name]) => name === field)
    .flatMap(([, , value]) => value.split(","))
    .map((value) => value.trim().toLowerCase())
    .filter((value) => value !== "");
}

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
