/** The first line of what may be a request. */
export interface RequestLine {
  /** Whether the line names HTTP. Other lines are requests of HTTP/0.9 for some servers, and words of another protocol for most. */
  readonly isHttp: boolean;
  /** The authority of a target in absolute form or, of CONNECT, in authority form (RFC 9112 §3.2). */
  readonly authority: string | undefined;
  /** The minor version of HTTP/1; 0 for all else. */
  readonly minor: number;
  readonly isConnect: boolean;
  /** Whether it ends with a name and two numbers: some servers take any name for that of HTTP. */
  readonly isVersioned: boolean;
  /** Whether the line is exactly as RFC 9112 §3 has it. Servers differ in how they read any other. */
  readonly isPlain: boolean;
}

/** What some server takes for a space: Python's `str.split` knows all of these. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const SPACES = /[\t\v\f\r \x1c-\x1f\x85\xa0]+/;
/** What Netty passes over before a request. */
const BEFORE = /^[\0-\x20\x7f-\xa0]+/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PLAIN = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const NUMBERED_HTTP = /^HTTP\/[0-9]+\.[0-9]+$/;
const ABSOLUTE_FORM = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/**
 * Reads the first line of what may be a request, without its end; undefined for what no server takes for one.
 *
 * `line` is in latin1. One word is no request. A first word with a byte that no method has begins none, but to servers that
 * let their programs judge methods (Python's wsgiref, werkzeug): with `anyMethod` such a line is one, if it is two more words
 * of which the last is a version of HTTP.
 */
export function readRequestLine(line: string, anyMethod = false): RequestLine | undefined {
  const [, plainMethod = "", plainTarget, minor] = PLAIN.exec(line) ?? [];
  if (plainTarget !== undefined) {
    const authority = authorityOf(plainMethod, plainTarget);
    const isPlain = authority !== undefined || plainTarget[0] === "/" || plainTarget === "*";
    const isConnect = plainMethod === "CONNECT";
    return { isHttp: true, authority, minor: Number(minor), isConnect, isVersioned: true, isPlain };
  }
  const [method = "", target = "", ...rest] = wordsOf(line);
  if (target === "") return undefined;
  if (!TOKEN.test(method) && !(anyMethod && rest.length === 1 && NUMBERED_HTTP.test(rest[0] ?? ""))) return undefined;
  const isHttp = namesHttp(target) || rest.some(namesHttp);
  const authority = authorityOf(isHttp ? method : "", target);
  const isVersioned = /\/[0-9]+\.[0-9]+$/.test(rest.at(-1) ?? "");
  return { isHttp, authority, minor: 0, isConnect: false, isVersioned, isPlain: false };
}

/** Whether a line is empty to some server: one that stands before the first line of a request is passed over. */
export function isBlankLine(line: string): boolean {
  return line === "" || wordsOf(line).length === 0;
}

function authorityOf(method: string, target: string): string | undefined {
  if (target[0] === "/") return undefined;
  return ABSOLUTE_FORM.exec(target)?.[1] ?? (method.toUpperCase() === "CONNECT" ? target : undefined);
}

function wordsOf(line: string): readonly string[] {
  return line
    .replace(BEFORE, "")
    .split(SPACES)
    .filter((word) => word !== "");
}

function namesHttp(word: string): boolean {
  return /^HTTP\//i.test(word);
}

/**
 * The host of an authority or of a Host field as servers find it, without user and port; undefined where they could differ.
 *
 * `[2001:db8::1]:80`, `name:80` and, from old programs, a bare IPv6 address. Checks nothing else of the host.
 */
export function hostOfAuthority(authority: string): string | undefined {
  const at = authority.indexOf("@");
  if (authority.includes("@", at + 1)) return undefined;
  const host = authority.slice(at + 1);
  if (/^[0-9a-f]*(?::[0-9a-f]*){2,}$/i.test(host)) return host;
  return /^(\[[^[\]]*\]|[^:[\]]*)(?::[0-9]*)?$/.exec(host)?.[1];
}
