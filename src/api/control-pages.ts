import { BywayError } from "../core/errors.ts";
import { DISPATCH_LIMITS } from "../dispatch/limits.ts";
import type { RequestLog } from "../dispatch/request-log.ts";
import { requestLine } from "../dispatch/request-record.ts";
import type { SearchReport } from "../dispatch/search-memory.ts";
import { parseConstraints } from "../routing/constraint-keys.ts";
import type { Explanation } from "../routing/explanation.ts";
import { type ControlAnswer, errorAnswer } from "./control-answer.ts";
import { findPage, type Page, unfit } from "./find-page.ts";
import { API_LIMITS } from "./limits.ts";
import type { PickQuery } from "./pick-query.ts";

/** What the pages show. */
export interface ControlComponents {
  readonly log: RequestLog;
  /** What routing would choose now. Throws ERR_NO_NODE and others. */
  readonly pick: (query: PickQuery) => Explanation;
  readonly searches: () => SearchReport;
}

type Make = (components: ControlComponents, query: URLSearchParams, rest: string) => string;

const PAGES: readonly Page<Make>[] = [
  { method: "GET", path: "/v1/requests", parameters: ["limit"], make: requests },
  { method: "GET", path: "/v1/requests/", parameters: [], make: request },
  { method: "GET", path: "/v1/searches", parameters: [], make: searches },
  { method: "GET", path: "/v1/pick", parameters: ["select", "port", "protocol", "user"], make: pick },
];

/**
 * The client's answer to a request for `target` (path and query), whatever it came over; never throws. An error is
 * `{"error": {code, message, remedy, …}}` with the status of the error table.
 */
export function controlAnswer(components: ControlComponents, method: string, target: string): ControlAnswer {
  try {
    const { make, query, rest } = findPage(PAGES, method, target);
    return { status: 200, body: make(components, query, rest) };
  } catch (thrown) {
    return errorAnswer(thrown);
  }
}

function requests({ log }: ControlComponents, query: URLSearchParams): string {
  const limit = query.has("limit") ? wholeNumber(query, "limit", DISPATCH_LIMITS.loggedRequests.value) : undefined;
  const lines: string[] = [];
  let bytes = 0;
  for (const record of log.recent(limit ?? DISPATCH_LIMITS.loggedRequests.value)) {
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

function searches({ searches: count }: ControlComponents): string {
  return JSON.stringify({ searches: count() });
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
