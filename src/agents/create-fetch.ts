import type { FormData as OwnFormData, Request as OwnRequest, RequestInfo, RequestInit, Response } from "undici";
import type { BywayClient } from "../client/client.ts";
import type { Constraints } from "../routing/constraints.ts";
import { createDispatcher, type DispatcherOptions } from "./create-dispatcher.ts";
import { loadUndici } from "./load-undici.ts";

/** `fetch` of the web, without a choice of dispatcher. Requests and form data may be Node's own or undici's. */
export type BywayFetch = (input: FetchInput, init?: FetchInit) => Promise<Response>;

/**
 * A `fetch` whose requests go through the network. It is undici's, whatever Node has built in, so that it and its dispatcher
 * are of one version. Throws what `createConnector` throws.
 */
export function createFetch(
  client: BywayClient,
  constraints?: Constraints | string,
  options: DispatcherOptions = {},
): BywayFetch {
  const undici = loadUndici();
  const dispatcher = createDispatcher(client, constraints, options);
  return async (input, { body, ...init } = {}) => {
    const own = body === undefined ? {} : { body: ownBody(undici, body) ?? null };
    return await undici.fetch(ownRequest(undici, input), { ...init, ...own, dispatcher });
  };
}

type Undici = Pick<typeof import("undici"), "FormData" | "Request">;

/** What may be fetched: as undici has it, or a request of Node's own. */
type FetchInput = RequestInfo | Request;

/** How: as undici has it, also with form data of Node's own, but without a choice of dispatcher. */
interface FetchInit extends Omit<RequestInit, "dispatcher" | "body"> {
  readonly body?: RequestInit["body"] | FormData;
}

/**
 * A request of Node's own as one of undici's. Their classes differ, and undici would take Node's for the text
 * "[object Request]". Its body is streamed.
 */
function ownRequest({ Request: Own }: Undici, input: FetchInput): RequestInfo {
  if (!(input instanceof Request) || input instanceof Own) return input as RequestInfo;
  const { url, method, headers, body, signal, redirect, cache, credentials, integrity, keepalive } = input;
  const init = { method, signal, redirect, cache, credentials, integrity, keepalive, headers: [...headers] };
  return new Own(url, (body === null ? init : { ...init, body, duplex: "half" }) as RequestInit) satisfies OwnRequest;
}

/** Form data of Node's own as undici's, which would send the text "[object FormData]". */
function ownBody({ FormData: Own }: Undici, body: FetchInit["body"]): RequestInit["body"] {
  if (!(body instanceof FormData) || body instanceof Own) return body as RequestInit["body"];
  const own: OwnFormData = new Own();
  for (const [name, value] of body as FormData) own.append(name, value);
  return own;
}
