import { CircuitBuilder } from "../circuit/circuit-builder.ts";
import { CircuitPool } from "../circuit/circuit-pool.ts";
import { ByteBudget } from "../core/byte-budget.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { type Random, systemRandom } from "../core/random.ts";
import type { KnownPeer } from "../directory/known-peer.ts";
import { type DirectorySettings, openDirectory } from "../directory/open-directory.ts";
import { openPeers } from "../directory/open-peers.ts";
import { PeerFiles } from "../directory/peer-files.ts";
import { generateIdentity } from "../identity/identity.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { ProxyServer } from "../ingress/proxy-server.ts";
import { checkPeer } from "../link/check-peer.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import type { Constraints } from "../routing/constraints.ts";
import { PeerSource } from "./peer-source.ts";
import { type RoutedStream, StreamRouter } from "./stream-router.ts";

/** How a client is made. */
export interface ClientOptions {
  /** Where the local proxy listens; none is started when absent. */
  readonly listen?: HostPort;
  /** Files of signed advertisements, one in base64url a line. */
  readonly peerFiles?: readonly string[];
  /** Finds nodes by itself, through peers of the network; without it, only those of `peerFiles` and `peers` are known. */
  readonly directory?: DirectorySettings;
  /** More peers, asked for at every choice; they must have been verified. */
  readonly peers?: () => readonly KnownPeer[];
  /** Hops of a circuit when a request does not say, 1-5. Default 1. */
  readonly hops?: number;
  /** Users of the local proxy; anyone on loopback when empty. */
  readonly users?: readonly { readonly name: string; readonly password: string }[];
  /** Accept nodes at loopback and private addresses: for a network on one machine. Default false. */
  readonly localNetwork?: boolean;
  /** Let the hops of a circuit stand in one /16: only where all nodes share one address. Default false. */
  readonly sharedNetworks?: boolean;
  /** Accept nodes without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean;
  /** The most unused circuits kept ready for one set of constraints. Default 4; 0 builds none ahead. */
  readonly spareCircuits?: number;
  /** Bytes that may wait for readers and targets that are slow; default: a quarter of the memory, at most 1 GiB. */
  readonly memoryBudgetBytes?: number;
  /** The budget to share with other parts of this process, in place of one of its own. */
  readonly budget?: ByteBudget;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A running client. */
export interface BywayClient {
  /** Where the local proxy listens. */
  readonly address: HostPort | undefined;
  /** How many nodes have answered a check lately; 0 without a directory. */
  readonly usableNodes: number;
  /** Opens a stream to `target` through a circuit that fits `constraints`; the caller owns it. */
  connect(target: HostPort, constraints?: Constraints, signal?: AbortSignal): Promise<RoutedStream>;
  /** Ends the proxy, all circuits and streams. Idempotent. */
  stop(): Promise<void>;
}

/** Makes and starts a client. Throws ERR_PEER_FILE, ERR_ADVERTISEMENT_*, ERR_LISTEN_* or ERR_CONFIG_EXPOSED. */
export async function createClient(options: ClientOptions = {}): Promise<BywayClient> {
  const { clock = systemClock, random = systemRandom, logger = silentLogger, listen } = options;
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });
  const dialler = new TcpTransport({ clock });
  const { allowClassical = false, localNetwork = false } = options;
  const kept = openPeers({ clock, random, logger }, { ...options.directory, localNetwork });
  const { book } = kept;
  const files = new PeerFiles({ clock, logger, book }, options.peerFiles ?? []);
  const directory =
    options.directory === undefined
      ? undefined
      : await openDirectory(
          {
            clock,
            random,
            logger,
            ...kept,
            // A new one each time, so that nobody knows the client again.
            identity: generateIdentity(),
            check: ({ advertisement: { peer, endpoints } }, thorough, signal) => {
              const target = { peerId: parsePeerId(peer), endpoints, allowClassical, thorough };
              return checkPeer({ clock, budget, dialler }, target, signal);
            },
          },
          { ...options.directory, localNetwork },
        );
  const peers = new PeerSource({ directory, book, more: options.peers });
  const builder = new CircuitBuilder(
    { clock, budget, dialler, onHopFailed: (peer) => peers.doubt(peer) },
    { allowClassical },
  );
  const pool = new CircuitPool(
    { builder, clock, logger },
    options.spareCircuits === undefined ? {} : { spareCircuits: options.spareCircuits },
  );
  const routerOf = (listener: string): StreamRouter =>
    new StreamRouter(
      { pool, peers, clock, random },
      { defaultHops: options.hops ?? 1, sharedNetworks: options.sharedNetworks ?? false, listener },
    );
  const stopping = new AbortController();
  const own = routerOf("");
  const proxied = routerOf(listen === undefined ? "" : formatHostPort(listen));
  const proxy =
    listen === undefined
      ? undefined
      : new ProxyServer({ opener: proxied, clock, budget, logger }, { listen, users: options.users ?? [] });

  const stop = async (): Promise<void> => {
    stopping.abort();
    await proxy?.stop();
    await pool.stop();
    await directory?.stop();
    await files.stop();
    kept.stop();
  };
  try {
    await files.start();
    const address = await proxy?.start();
    await directory?.start();
    if (proxy !== undefined) void proxied.expect(stopping.signal);
    return {
      address,
      get usableNodes() {
        return directory?.state().usable ?? 0;
      },
      connect: (target, constraints = {}, signal = new AbortController().signal) =>
        own.openStream({ target, constraints, user: "" }, signal),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
