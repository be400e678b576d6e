import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import type { Random } from "../core/random.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { LoggedRequest, type OpenRequest, type RequestFields } from "./logged-request.ts";
import { makeRequestId, readRequestId } from "./request-id.ts";
import type { RequestRecord } from "./request-record.ts";

/**
 * The latest requests of a client, open ones too: in memory alone, since where somebody goes is private. When it is full
 * the one that began first goes; a request that is still open goes on, unseen.
 */
export class RequestLog {
  readonly #components: { readonly clock: Clock; readonly random: Random };
  /** By id, in the order in which they began. */
  readonly #requests = new Map<string, LoggedRequest>();

  constructor(components: { readonly clock: Clock; readonly random: Random }) {
    this.#components = components;
  }

  /** Notes a request; the caller tells what becomes of it. */
  begin(fields: RequestFields): OpenRequest {
    const request = new LoggedRequest(this.#components, makeRequestId(this.#components.random), fields);
    this.#requests.set(request.id, request);
    forgetOldest(this.#requests, DISPATCH_LIMITS.loggedRequests.value);
    return request;
  }

  /** The latest `limit` requests, the last one first. */
  recent(limit: number): readonly RequestRecord[] {
    if (limit <= 0) return [];
    return [...this.#requests.values()]
      .slice(-limit)
      .reverse()
      .map((request) => request.record());
  }

  /** The request of that id, in any spelling of `readRequestId`. */
  get(id: string): RequestRecord | undefined {
    return this.#requests.get(readRequestId(id) ?? "")?.record();
  }
}
