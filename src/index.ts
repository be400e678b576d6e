/** Byway as a library: the three composition roots and what their callers touch. */
export { createAgent } from "./agents/create-agent.ts";
export {
  type Connector,
  type ConnectorOptions,
  type ConnectorTarget,
  createConnector,
} from "./agents/create-connector.ts";
export { createDispatcher, type DispatcherOptions } from "./agents/create-dispatcher.ts";
export { type BywayFetch, createFetch } from "./agents/create-fetch.ts";
export { createSocket } from "./agents/create-socket.ts";
export type { StageTiming } from "./circuit/circuit.ts";
export { type BywayClient, createClient } from "./client/client.ts";
export type { ClientOptions, ListenerOptions } from "./client/client-options.ts";
export type { ConnectOptions } from "./client/connect-arguments.ts";
export type { OpenedSocket } from "./client/open-socket.ts";
export type { StreamSocket } from "./client/stream-socket.ts";
export type { ErrorCode, ErrorKind, RetryHint } from "./core/error-table.ts";
export { BywayError } from "./core/errors.ts";
export { type Logger, silentLogger } from "./core/logger.ts";
export type { HostPort } from "./core/network-address.ts";
export type { DirectorySettings } from "./discovery/open-directory.ts";
export type { GeoFacts, GeoSource } from "./geo/geo-facts.ts";
export { type OpenGeo, type OpenGeoOptions, openGeo } from "./geo/open-geo.ts";
export { generateIdentity, type Identity } from "./identity/identity.ts";
export { loadOrCreateIdentity } from "./identity/key-file.ts";
export type { PeerId } from "./identity/peer-id.ts";
export type { RouteHop, RouteSummary } from "./ingress/stream-opener.ts";
export { type BywayNode, createNode } from "./node/node.ts";
export type { NodeOptions } from "./node/node-options.ts";
export type { Role } from "./node/role.ts";
export type { KnownPeer } from "./peers/known-peer.ts";
export { parseConstraints } from "./routing/constraint-keys.ts";
export type { Constraints } from "./routing/constraints.ts";
export type { Explanation } from "./routing/explanation.ts";
export type { FetchReport } from "./testnet/fetch-once.ts";
export type { Place } from "./testnet/places.ts";
export type { Seen, Target } from "./testnet/target.ts";
export { createTestnet, type Testnet, type TestnetNode, type TestnetOptions } from "./testnet/testnet.ts";
export type { Advertisement } from "./wire/advertisement.ts";
