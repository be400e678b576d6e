import { errorRow } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { parseConstraints } from "../routing/constraint-keys.ts";
import type { Explanation } from "../routing/explanation.ts";
import { API_LIMITS } from "./limits.ts";
import type { PickQuery } from "./pick-query.ts";
import type { RequestLog } from "./request-log.ts";
import { requestLine } from "./request-record.ts";

/** What the pages show. */
export interface ControlComponents {
  readonly log: RequestLog;
  /** What routing would choose now. Throws ERR_NO_NODE and others. */
  readonly pick: (query: PickQuery) => Explanation;
}

/** An answer: an HTTP status and a body in JSON. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: string;
}

type Page = (components: ControlComponents, query: URLSearchParams, rest: string) => string;

/** By the begin of their paths; a page whose path ends in a slash is given the rest. */
const PAGES: readonly (readonly [path: string, parameters: readonly string[], page: Page])[] = [
  ["/v1/requests", ["limit"], requests],
  ["/v1/requests/", [], request],
  ["/v1/pick", ["select", "port", "protocol", "user"], pick],
];

/**
 * The answer to a request for `target` (path and query), whatever it came over; never throws. An error is
 * `{"error": {code, message, remedy, …}}` with the status of the error table.
 */
export function controlAnswer(components: ControlComponents, method: string, target: string): ControlAnswer {
  try {
    if (method !== "GET") throw unfit(`${method.slice(0, 16)} is not served, only GET`);
    const { pathname, searchParams } = readTarget(target);
    for (const [path, parameters, page] of PAGES) {
      const isFolder = path.endsWith("/");
      if (isFolder ? !pathname.startsWith(path) : pathname !== path) continue;
      checkParameters(searchParams, parameters);
      return { status: 200, body: page(components, searchParams, pathname.slice(path.length)) };
    }
    throw unfit(`there is no ${pathname.slice(0, 64)} here`);
  } catch (thrown) {
    const error = toBywayError(thrown);
    return { status: errorRow(error.code).http, body: JSON.stringify({ error: error.toJSON() }) };
  }
}

function readTarget(target: string): URL {
  const url = target.startsWith("/") ? URL.parse(`http://localhost${target}`) : null;
  if (url === null) throw unfit("the path cannot be read");
  return url;
}

function checkParameters(given: URLSearchParams, known: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of given.keys()) {
    if (!known.includes(name)) throw unfit(`there is no parameter ${name.slice(0, 64)} here`);
    if (seen.has(name)) throw unfit(`the parameter ${name} is given twice`);
    seen.add(name);
  }
}

function requests({ log }: ControlComponents, query: URLSearchParams): string {
  const limit = query.has("limit") ? wholeNumber(query, "limit", API_LIMITS.loggedRequests.value) : undefined;
  const lines: string[] = [];
  let bytes = 0;
  for (const record of log.recent(limit ?? API_LIMITS.loggedRequests.value)) {
    const line = JSON.stringify(requestLine(record));
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > API_LIMITS.controlAnswerBytes.value - 64) break;
    lines.push(line);
  }
  return `{"requests":[${lines.join(",")}]}`;
}

function request({ log }: ControlComponents, _query: URLSearchParams, id: string): string {
  const record = log.get(id);
  if (record === undefined) {
    throw new BywayError("ERR_REQUEST_UNKNOWN", `no request ${id.slice(0, 32)} is known`);
  }
  return JSON.stringify({ request: record });
}

function pick(components: ControlComponents, query: URLSearchParams): string {
  const constraints = parseConstraints(query.get("select") ?? "");
  const protocol = query.get("protocol") ?? undefined;
  if (protocol !== undefined && protocol !== "tcp" && protocol !== "udp") throw unfit("protocol is not tcp or udp");
  const explanation = components.pick({
    constraints,
    ...(query.has("port") ? { port: wholeNumber(query, "port", 65_535) } : {}),
    ...(protocol === undefined ? {} : { protocol }),
    ...(query.has("user") ? { user: query.get("user") ?? "" } : {}),
  });
  return JSON.stringify({ explanation });
}

function wholeNumber(query: URLSearchParams, name: string, most: number): number {
  const text = query.get(name) ?? "";
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > most) throw unfit(`${name} is no whole number from 1 to ${most}`);
  return number;
}

function unfit(message: string): BywayError {
  return new BywayError("ERR_CONTROL_REQUEST", message);
}
