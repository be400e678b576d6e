import type { IncomingMessage } from "node:http";
import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { parseAuthority } from "../wire/authority.ts";
import { type Credentials, readCredentials, type SentCredentials } from "./credentials.ts";
import { fieldsOf, listOf } from "./hop-by-hop.ts";
import { INGRESS_LIMITS } from "./limits.ts";
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
 * Refuses what Node's strict parser lets pass and what two parsers may read in two ways (RFC 9112 §6.1, §11.2), and
 * requests that have been here before.
 *
 * @throws BywayError ERR_REQUEST_MALFORMED, ERR_REQUEST_TOO_LARGE or ERR_REQUEST_LOOP.
 */
export function checkMessage(request: IncomingMessage): void {
  const { httpVersion, method, rawHeaders } = request;
  if (httpVersion !== "1.1" && httpVersion !== "1.0") throw malformed(`HTTP version ${httpVersion} is not served here`);
  if (rawHeaders.length > 2 * INGRESS_LIMITS.maxFields.value)
    throw new BywayError("ERR_REQUEST_TOO_LARGE", `the request has ${rawHeaders.length / 2} header fields`);
  const count = (field: string): number => [...fieldsOf(rawHeaders)].filter(([name]) => name === field).length;
  const hosts = count("host");
  // A CONNECT names its target in the request line alone; some apps send nothing else.
  if (hosts > 1 || (hosts === 0 && httpVersion === "1.1" && method !== "CONNECT"))
    throw malformed(`the request has ${hosts} Host fields instead of one`);
  if (count("proxy-authorization") > 1) throw malformed("the request has more than one Proxy-Authorization field");
  if (count("transfer-encoding") > 0) {
    if (httpVersion === "1.0") throw malformed("an HTTP/1.0 request has a Transfer-Encoding");
    if (listOf(rawHeaders, "transfer-encoding").join() !== "chunked")
      throw malformed("the request has a Transfer-Encoding other than chunked");
  }
  if (method === "CONNECT" && hasBody(request)) throw malformed("a CONNECT request has a body");
  const via = listOf(rawHeaders, "via").map((hop) => hop.split(/\s+/)[1]);
  if (via.includes(VIA_NAME)) throw new BywayError("ERR_REQUEST_LOOP", "the request came back to the proxy it left");
}

/** Whether a request says that a body follows its head. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && Number(length) !== 0);
}

/** Reads `Proxy-Authorization` (RFC 7617); undefined where there is none. Throws ERR_CREDENTIALS for another scheme than Basic. */
export function sentCredentials(request: IncomingMessage): SentCredentials | undefined {
  const field = request.headers["proxy-authorization"];
  if (field === undefined) return undefined;
  const encoded = /^basic +([A-Za-z0-9+/_-]*={0,2}) *$/i.exec(field)?.[1];
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
  request: IncomingMessage,
  sent: SentCredentials | undefined,
  credentials: Credentials,
): UserNameMeaning {
  return credentials.check(sent, () => selectParameters(request.rawHeaders));
}

/** Reads an absolute-form target; throws ERR_REQUEST_TARGET for all but `http:`. */
export function parseAbsoluteForm(request: IncomingMessage): AbsoluteForm {
  const match = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(request.url ?? "");
  if (match === null)
    throw new BywayError("ERR_REQUEST_TARGET", "the request's target is not an http: URL; for https: use CONNECT");
  const [, authority = "", rest = ""] = match;
  const target = parseAuthority(/:\d+$/.test(authority) ? authority : `${authority.replace(/:$/, "")}:80`);
  const shown = formatHostPort(target);
  const path = rest === "" && request.method === "OPTIONS" ? "*" : rest.startsWith("/") ? rest : `/${rest}`;
  return { target, authority: target.port === 80 ? shown.slice(0, -":80".length) : shown, path };
}

function malformed(what: string): BywayError {
  return new BywayError("ERR_REQUEST_MALFORMED", what);
}
