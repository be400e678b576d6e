import type { Clock } from "../core/clock.ts";
import type { RequestLine, RequestRecord } from "../dispatch/request-record.ts";
import type { SearchReport } from "../dispatch/search-memory.ts";
import { printConstraints } from "../routing/constraint-keys.ts";
import type { Explanation } from "../routing/explanation.ts";
import { askControl } from "./ask-control.ts";
import { API_LIMITS } from "./limits.ts";
import type { PickQuery } from "./pick-query.ts";

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

  /** How often it searched the network. */
  async searches(signal?: AbortSignal): Promise<SearchReport> {
    const { searches } = (await this.#ask("/v1/searches", signal)) as { searches: SearchReport };
    return searches;
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

  #ask(target: string, signal?: AbortSignal): Promise<unknown> {
    const question = { method: "GET", target, timeoutMs: API_LIMITS.controlRequestMs.value } as const;
    return askControl({ clock: this.#clock }, { path: this.#path, name: "control" }, question, signal);
  }
}
