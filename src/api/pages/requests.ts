import { BywayError } from "../../core/errors.ts";
import { DISPATCH_LIMITS } from "../../dispatch/limits.ts";
import type { RequestLog } from "../../dispatch/request-log.ts";
import { requestLine } from "../../dispatch/request-record.ts";
import { API_LIMITS } from "../limits.ts";
import { JSON_TYPE, json, type Page } from "../page.ts";
import { wholeNumber } from "../page-params.ts";

const MOST = DISPATCH_LIMITS.loggedRequests.value;

/** The latest requests, the last one first; of a list that would be too long the oldest are left out. */
export const REQUESTS: Page<{ readonly log: RequestLog }, { limit: number }> = {
  method: "GET",
  path: "/v1/requests",
  params: { limit: wholeNumber(MOST) },
  principal: "owner",
  answer({ log }, { params: { limit = MOST } }) {
    const lines: string[] = [];
    let bytes = 0;
    for (const record of log.recent(limit)) {
      const line = JSON.stringify(requestLine(record));
      bytes += Buffer.byteLength(line) + 1;
      if (bytes > API_LIMITS.controlAnswerBytes.value - 64) break;
      lines.push(line);
    }
    return { status: 200, type: JSON_TYPE, body: `{"requests":[${lines.join(",")}]}` };
  },
};

/** One request with all that is known of it. */
export const REQUEST: Page<{ readonly log: RequestLog }> = {
  method: "GET",
  path: "/v1/requests/",
  params: {},
  principal: "owner",
  answer({ log }, { rest: id }) {
    const request = log.get(id);
    if (request === undefined) throw new BywayError("ERR_REQUEST_UNKNOWN", `no request ${id.slice(0, 32)} is known`);
    return json({ request });
  },
};
