import type { Agent } from "undici";
import type { BywayClient } from "../client/client.ts";
import type { Constraints } from "../routing/constraints.ts";
import { type ConnectorOptions, createConnector } from "./create-connector.ts";
import { loadUndici } from "./load-undici.ts";

/** An `Agent`'s options; `connect` sets up TLS to the targets. */
export interface DispatcherOptions extends Omit<Agent.Options, "connect"> {
  readonly connect?: ConnectorOptions;
}

/**
 * A dispatcher for undici's `request`, `stream` and `fetch`, whose connections go through the network. Connections are kept and
 * used again, and with them their exit. Throws what `createConnector` throws.
 */
export function createDispatcher(
  client: BywayClient,
  constraints?: Constraints | string,
  { connect, ...options }: DispatcherOptions = {},
): Agent {
  const { allowH2 = false } = options;
  const { Agent } = loadUndici();
  return new Agent({ ...options, connect: createConnector(client, constraints, { allowH2, ...connect }) });
}
