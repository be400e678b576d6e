/** What a header list belongs to. */
export type FieldsOf = "request" | "response" | "trailers";

/** Fields of HTTP/1 connections, which HTTP/2 has no use for (RFC 9113 §8.2.2). */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"],
]);
/** One bit for each pseudo-field, and those that a list may have. */
const PSEUDO_FIELDS: ReadonlyMap<string, number> = new Map([
  [":method", 1],
  [":scheme", 2],
  [":authority", 4],
  [":path", 8],
  [":protocol", 16],
  [":status", 32],
]);
const ALLOWED: Readonly<Record<FieldsOf, number>> = { request: 31, response: 32, trailers: 0 };

/** A token (RFC 9110 §5.6.2), with small letters alone for the name of a field. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const STATUS = /^[1-9][0-9][0-9]$/;
/** Controls but HTAB (RFC 9110 §5.5), and blanks at either end (RFC 9113 §8.2.1). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are refused.
const BAD_VALUE = /[\0-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/;
const COLON = 0x3a;

/**
 * Says what is malformed in a header list; undefined for one that RFC 9113 §8.2, §8.3, §8.5 and RFC 8441 allow. `fields` are
 * names and values by turns, as latin1. The words hold nothing that the peer wrote. A malformed message is a stream error,
 * PROTOCOL_ERROR (§8.1.1).
 */
export function fieldFault(fields: readonly string[], of: FieldsOf): string | undefined {
  let seen = 0;
  let isRegular = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? "";
    const value = fields[at + 1] ?? "";
    if (BAD_VALUE.test(value)) return "a field's value has a forbidden character";
    if (name.charCodeAt(0) !== COLON) {
      isRegular = true;
      const fault = regularFault(name, value);
      if (fault !== undefined) return fault;
      continue;
    }
    const bit = PSEUDO_FIELDS.get(name) ?? 0;
    if (isRegular) return "a pseudo-field comes after a field";
    if ((bit & ALLOWED[of]) === 0) return `a pseudo-field is not one of a ${of}`;
    if ((bit & seen) !== 0) return `${name} comes twice`;
    seen |= bit;
  }
  if (of === "request") return requestFault(fields);
  return of === "response" ? statusFault(pseudoField(fields, ":status")) : undefined;
}

function regularFault(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return "a field's name has a forbidden character";
  if (OF_CONNECTIONS.has(name)) return `${name} belongs to HTTP/1`;
  return name === "te" && value !== "trailers" ? "te has another value than trailers" : undefined;
}

/** RFC 9113 §8.3.1, §8.5; with `:protocol` RFC 8441 §4. */
function requestFault(fields: readonly string[]): string | undefined {
  const method = pseudoField(fields, ":method");
  const scheme = pseudoField(fields, ":scheme");
  const path = pseudoField(fields, ":path");
  const isExtended = pseudoField(fields, ":protocol") !== undefined;
  if (method === undefined || !METHOD.test(method)) return ":method is missing or no token";
  if (isExtended && method !== "CONNECT") return ":protocol without CONNECT";
  if (method === "CONNECT" && !pseudoField(fields, ":authority")) return "CONNECT without :authority";
  if (method === "CONNECT" && !isExtended) {
    return scheme === undefined && path === undefined ? undefined : "CONNECT with :scheme or :path";
  }
  if (scheme === undefined || !SCHEME.test(scheme)) return ":scheme is missing or no scheme";
  return path === undefined || !isPath(path, method) ? ":path is missing or no path" : undefined;
}

function isPath(path: string, method: string): boolean {
  return path.startsWith("/") || (path === "*" && method === "OPTIONS");
}

/** Three digits (RFC 9113 §8.3.2); 101 is not in HTTP/2 (§8.6). */
function statusFault(status: string | undefined): string | undefined {
  if (status === undefined || !STATUS.test(status)) return ":status is missing or no status";
  return status === "101" ? "HTTP/2 has no answer 101" : undefined;
}

/** Pseudo-fields come first, so only these are looked through. */
function pseudoField(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; fields[at]?.charCodeAt(0) === COLON; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}
