import { isUtf8 } from "node:buffer";
import { BywayError } from "../core/errors.ts";
import { withoutMapping } from "../core/mapped-ipv4.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { listOf, valuesOf } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { parseAuthority } from "../wire/authority.ts";
import { type Credentials, readCredentials, type SentCredentials } from "./credentials.ts";
import { selectParameters } from "./select-header.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/** The name that Byway gives itself in `Via`; the same for all, so that it tells nobody apart. */
export const VIA_NAME = "byway";

/** The target of an absolute-form request (RFC 9112 §3.2.2). */
export interface AbsoluteForm {
  readonly target: HostPort;
  /** For the `Host` field: without the port that goes without saying. */
  readonly authority: string;
  /** In origin form, or `*`. */
  readonly path: string;
}

/**
 * Refuses what the reader of heads lets pass and a proxy must not: requests that name their host twice or not at all, and those
 * that have been here before.
 *
 * @throws BywayError ERR_REQUEST_MALFORMED or ERR_REQUEST_LOOP.
 */
export function checkMessage(request: RequestHead): void {
  const { version, method, headers } = request;
  const hosts = valuesOf(headers, "host").length;
  // A CONNECT names its target in the request line alone; some apps send nothing else.
  if (hosts > 1 || (hosts === 0 && version === "1.1" && method !== "CONNECT"))
    throw malformed(`the request has ${hosts} Host fields instead of one`);
  if (valuesOf(headers, "proxy-authorization").length > 1)
    throw malformed("the request has more than one Proxy-Authorization field");
  if (method === "CONNECT" && hasBody(request)) throw malformed("a CONNECT request has a body");
  const via = listOf(headers, "via").map((hop) => hop.split(/\s+/)[1]);
  if (via.includes(VIA_NAME)) throw new BywayError("ERR_REQUEST_LOOP", "the request came back to the proxy it left");
}

/** Whether a request says that a body follows its head. */
export function hasBody({ isChunked, length }: RequestHead): boolean {
  return isChunked || (length !== undefined && length !== 0);
}

/** Reads `Proxy-Authorization` (RFC 7617); undefined where there is none. Throws ERR_CREDENTIALS for another scheme than Basic. */
export function sentCredentials({ headers }: RequestHead): SentCredentials | undefined {
  const [field] = valuesOf(headers, "proxy-authorization");
  if (field === undefined) return undefined;
  // No blanks behind it: the reader of heads took them off, and looking for two runs of them takes the square of their length.
  const encoded = /^basic +([A-Za-z0-9+/_-]*={0,2})$/i.exec(field)?.[1];
  if (encoded === undefined)
    throw new BywayError("ERR_CREDENTIALS", "Proxy-Authorization is not of the form Basic user:password");
  const bytes = Buffer.from(encoded, "base64");
  const colon = bytes.indexOf(":");
  // Some programs leave out the colon where there is no password.
  const end = colon === -1 ? bytes.length : colon;
  return readCredentials(bytes.subarray(0, end), bytes.subarray(end + 1));
}

/** Says whom credentials and `byway-select` stand for and what they ask for; throws what `Credentials.check` and `selectParameters` throw. */
export function authenticate(
  { headers }: RequestHead,
  sent: SentCredentials | undefined,
  credentials: Credentials,
): UserNameMeaning {
  return credentials.check(sent, () => selectParameters(headers));
}

/** Reads an absolute-form target; throws ERR_REQUEST_TARGET for all but `http:`. */
export function parseAbsoluteForm(request: RequestHead): AbsoluteForm {
  const match = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(request.target);
  if (match === null)
    throw new BywayError("ERR_REQUEST_TARGET", "the request's target is not an http: URL; for https: use CONNECT");
  const [, authority = "", rest = ""] = match;
  const target = readAuthority(/:\d+$/.test(authority) ? authority : `${authority.replace(/:$/, "")}:80`);
  const shown = formatHostPort(target);
  const path = rest === "" && request.method === "OPTIONS" ? "*" : rest.startsWith("/") ? rest : `/${rest}`;
  return { target, authority: target.port === 80 ? shown.slice(0, -":80".length) : shown, path };
}

/** Reads `host:port` of a request's target, whose bytes above 0x7F are UTF-8; throws ERR_REQUEST_TARGET. */
export function readAuthority(text: string): HostPort {
  const decoded = Buffer.from(text, "latin1");
  if (!isUtf8(decoded)) throw new BywayError("ERR_REQUEST_TARGET", "the target's host is not UTF-8");
  return withoutMapping(parseAuthority(decoded.toString("utf8")));
}

/** The target of any request, if it has one. */
export function targetOf(request: RequestHead): HostPort | undefined {
  try {
    return request.method === "CONNECT" ? readAuthority(request.target) : parseAbsoluteForm(request).target;
  } catch {
    return undefined;
  }
}

function malformed(what: string): BywayError {
  return new BywayError("ERR_REQUEST_MALFORMED", what);
}
