import { type IncomingMessage, request } from "node:http";
import { dirname } from "node:path";
import { abortReason, deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { ERROR_TABLE, type ErrorCode } from "../core/error-table.ts";
import { BywayError, type JsonValue, systemCode } from "../core/errors.ts";
import { printConstraints } from "../routing/constraint-keys.ts";
import type { Explanation } from "../routing/explanation.ts";
import { isInSharedPlace } from "./control-path.ts";
import { API_LIMITS } from "./limits.ts";
import type { PickQuery } from "./pick-query.ts";
import { checkPrivate } from "./private-directory.ts";
import type { RequestLine, RequestRecord } from "./request-record.ts";

/**
 * Asks the client that runs with a data directory. All methods throw what the client answers, ERR_CONTROL where none runs
 * (`running: false` in its data) or it does not answer, or the abort reason.
 */
export class ControlClient {
  readonly #clock: Clock;
  readonly #path: string;

  constructor(components: { readonly clock: Clock }, options: { readonly path: string }) {
    this.#clock = components.clock;
    this.#path = options.path;
  }

  /** The latest requests, the last one first. */
  async requests(limit: number, signal?: AbortSignal): Promise<readonly RequestLine[]> {
    const { requests } = (await this.#ask(`/v1/requests?limit=${limit}`, signal)) as { requests: RequestLine[] };
    return requests;
  }

  /** One request with all that is known of it. Throws ERR_REQUEST_UNKNOWN. */
  async request(id: string, signal?: AbortSignal): Promise<RequestRecord> {
    const answer = (await this.#ask(`/v1/requests/${encodeURIComponent(id)}`, signal)) as { request: RequestRecord };
    return answer.request;
  }

  /** What routing would choose there now. Throws ERR_NO_NODE. */
  async pick(query: PickQuery, signal?: AbortSignal): Promise<Explanation> {
    const parameters = new URLSearchParams({ select: printConstraints(query.constraints) });
    if (query.port !== undefined) parameters.set("port", String(query.port));
    if (query.protocol !== undefined) parameters.set("protocol", query.protocol);
    if (query.user !== undefined) parameters.set("user", query.user);
    const { explanation } = (await this.#ask(`/v1/pick?${parameters}`, signal)) as { explanation: Explanation };
    return explanation;
  }

  async #ask(target: string, signal?: AbortSignal): Promise<unknown> {
    if (isInSharedPlace(this.#path)) await this.#checkPlace();
    const late = (): BywayError => new BywayError("ERR_CONTROL", "the client that runs here does not answer");
    using limit = deadline(this.#clock, API_LIMITS.controlRequestMs.value, late, signal);
    const { status, text } = await this.#get(target, limit.signal);
    const answer = parse(text);
    if (status === 200) return answer;
    throw readError(answer);
  }

  async #checkPlace(): Promise<void> {
    try {
      await checkPrivate(dirname(this.#path));
    } catch (error) {
      const { cause } = error as Error;
      throw systemCode(cause) === "ENOENT" ? this.#failure(cause) : error;
    }
  }

  #get(target: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown): void => reject(signal.aborted ? abortReason(signal) : this.#failure(cause));
      const asked = request({ socketPath: this.#path, path: target, agent: false, signal }, (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), failed);
      });
      asked.once("error", failed);
      asked.end();
    });
  }

  #failure(cause: unknown): BywayError {
    if (cause instanceof BywayError) return cause;
    const code = systemCode(cause);
    const running = !["ENOENT", "ECONNREFUSED"].includes(code);
    const message = running
      ? `the client that runs with this data directory cannot be asked (${code})`
      : "no byway up runs with this data directory";
    return new BywayError("ERR_CONTROL", message, { data: { path: this.#path, running }, cause });
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > API_LIMITS.controlAnswerBytes.value) throw unreadable("is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unreadable("is no JSON", cause);
  }
}

function readError(answer: unknown): BywayError {
  const { error } = (answer ?? {}) as { error?: { code?: unknown; message?: unknown; data?: unknown } };
  const { code, message, data } = error ?? {};
  if (typeof code !== "string" || typeof message !== "string") return unreadable("cannot be understood");
  const isKnown = Object.hasOwn(ERROR_TABLE, code);
  const facts = typeof data === "object" && data !== null ? (data as { [key: string]: JsonValue }) : {};
  return new BywayError(isKnown ? (code as ErrorCode) : "ERR_CONTROL", message, { data: facts });
}

function unreadable(why: string, cause?: unknown): BywayError {
  return new BywayError("ERR_CONTROL", `the answer of the client that runs here ${why}`, { cause });
}
