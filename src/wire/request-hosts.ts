/** A request whose header is not over: how far it was searched, and where its first line ends, -1 while that is not there. */
export interface PartialRequest {
  readonly found: "more";
  readonly searched: number;
  readonly lineEnd: number;
}

/** What the first bytes of a stream say of the hosts that it asks for in plain HTTP. "none": no such request. */
export type RequestHosts =
  | PartialRequest
  | { readonly found: "none" }
  | {
      readonly found: "request";
      /** As it stands in the request line. */
      readonly target: string;
      /** Of the target and of every Host field, without port, as they stand there; empty where there is none. */
      readonly hosts: readonly string[];
    };

const NONE = { found: "none" } as const;
const LONGEST_METHOD = 20;
const EMPTY_LINES = 64;
/** Those that are held back before anything follows them (RFC 9110 §9.3, RFC 5789, RFC 4918); others count once a path does. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "REPORT"];
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const ASTERISK = 0x2a;

/** A request line of HTTP/1 (RFC 9112 §3); servers take a lone LF for its end as well. */
const REQUEST_LINE = /^([A-Z-]+) ([^ \r\n]+) HTTP\/1\.[0-9]\r?\n/;
/** A Host field, also with the space before the colon and the folded line that RFC 9112 §5 forbids and some servers take. */
const HOST_FIELD = /\nhost[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)/gi;
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;

/**
 * Reads the hosts of the first request of a plain HTTP/1 stream (RFC 9112 §3.2): of the request target in absolute or
 * authority form, and of all its Host fields, since servers differ in which of several they take.
 *
 * `before` is what the last call returned for fewer bytes, so that a header which comes byte by byte is not searched again
 * each time. Later requests of the stream are not read, nor is HTTP/2 without TLS. Throws nothing.
 */
export function readRequestHosts(seen: Buffer, before?: PartialRequest): RequestHosts {
  const start = startOf(seen);
  if (start === undefined) return NONE;
  let lineEnd = before?.lineEnd ?? -1;
  if (lineEnd < 0) {
    lineEnd = seen.indexOf(LF, Math.max(start, before?.searched ?? 0));
    if (lineEnd < 0) return { found: "more", searched: seen.length, lineEnd };
    if (!REQUEST_LINE.test(seen.toString("latin1", start, lineEnd + 1))) return NONE;
  }
  const end = headerEnd(seen, Math.max(lineEnd, (before?.searched ?? 0) - 2));
  if (end === undefined) return { found: "more", searched: seen.length, lineEnd };
  const header = seen.toString("latin1", start, end);
  const [, method = "", target = ""] = REQUEST_LINE.exec(header) ?? [];
  const hosts = [...header.matchAll(HOST_FIELD)].map(([, value = ""]) => value.trim());
  const authority = method === "CONNECT" ? target : ABSOLUTE_FORM.exec(target)?.[1];
  if (authority !== undefined) hosts.unshift(authority.slice(authority.lastIndexOf("@") + 1));
  return { found: "request", target, hosts: hosts.map(withoutPort).filter((host) => host !== "") };
}

/**
 * Where the request line begins, after the empty lines that servers pass over (RFC 9112 §2.2); undefined for what cannot
 * become one. Short words of other protocols must not wait here for a line that never ends.
 */
function startOf(seen: Buffer): number | undefined {
  let start = 0;
  while (start < EMPTY_LINES && (seen[start] === CR || seen[start] === LF)) start += 1;
  let at = start;
  while (at - start < LONGEST_METHOD && isMethodByte(seen[at])) at += 1;
  const word = seen.toString("latin1", start, at);
  const isKnown =
    word !== "" && METHODS.some((method) => (at < seen.length ? method === word : method.startsWith(word)));
  if (at === seen.length) return isKnown ? start : undefined;
  if (word === "" || seen[at] !== SPACE) return undefined;
  const next = seen[at + 1];
  return isKnown || next === SLASH || next === ASTERISK ? start : undefined;
}

/** The end of the empty line behind the header, searched from `from` on. */
function headerEnd(seen: Buffer, from: number): number | undefined {
  for (let at = seen.indexOf(LF, from); at >= 0; at = seen.indexOf(LF, at + 1)) {
    const next = seen[at + 1] === CR ? at + 2 : at + 1;
    if (seen[next] === LF) return next + 1;
  }
  return undefined;
}

function isMethodByte(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= 0x41 && byte <= 0x5a) || byte === HYPHEN);
}

/** `[2001:db8::1]:80` and `name:80` without what follows the host. */
function withoutPort(authority: string): string {
  return authority.replace(/:[0-9]*$/, (port) => (isBareIpv6(authority) ? port : ""));
}

function isBareIpv6(authority: string): boolean {
  return !authority.startsWith("[") && authority.indexOf(":") !== authority.lastIndexOf(":");
}
