import { fieldsOf } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { Answer } from "./answer.ts";

/** What a request shows to its target alone, or to this proxy alone (RFC 9110 §9.3.8). */
const SENSITIVE: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "byway-select"]);

/** The answer to an OPTIONS or TRACE request that no further proxy or server may see (RFC 9110 §7.6.2). */
export function lastHopAnswer({ method, target, version, headers }: RequestHead): Answer {
  if (method === "OPTIONS") return { status: 200, headers: [], body: "" };
  let body = `TRACE ${target} HTTP/${version}\r\n`;
  for (const [name, written, value] of fieldsOf(headers)) {
    if (!SENSITIVE.has(name)) body += `${written}: ${value}\r\n`;
  }
  return { status: 200, headers: ["Content-Type", "message/http"], body: `${body}\r\n` };
}
