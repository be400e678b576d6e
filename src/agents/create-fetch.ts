import type { RequestInfo, RequestInit, Response } from "undici";
import type { BywayClient } from "../client/client.ts";
import type { Constraints } from "../routing/constraints.ts";
import { createDispatcher, type DispatcherOptions } from "./create-dispatcher.ts";
import { loadUndici } from "./load-undici.ts";

/** `fetch` of the web, without a choice of dispatcher. */
export type BywayFetch = (input: RequestInfo, init?: Omit<RequestInit, "dispatcher">) => Promise<Response>;

/**
 * A `fetch` whose requests go through the network. It is undici's, whatever Node has built in, so that it and its dispatcher
 * are of one version. Throws what `createConnector` throws.
 */
export function createFetch(
  client: BywayClient,
  constraints?: Constraints | string,
  options: DispatcherOptions = {},
): BywayFetch {
  const { fetch } = loadUndici();
  const dispatcher = createDispatcher(client, constraints, options);
  return (input, init) => fetch(input, { ...init, dispatcher });
}
