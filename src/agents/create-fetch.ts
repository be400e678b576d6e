import type { Response } from "undici";
import type { BywayClient } from "../client/client.ts";
import type { Constraints } from "../routing/constraints.ts";
import { createDispatcher, type DispatcherOptions } from "./create-dispatcher.ts";
import { type FetchInit, type FetchInput, ownBody, ownRequest } from "./fetch-forms.ts";
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
