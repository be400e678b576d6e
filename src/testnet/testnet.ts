import { type BywayClient, createClient } from "../client/client.ts";
import type { ClientOptions } from "../client/client-options.ts";
import type { NetworkFile } from "../config/network-file.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { DirectorySettings } from "../discovery/open-directory.ts";
import type { StreamLimitOptions } from "../egress/stream-limits.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { fixtureGeo } from "../geo/fixture-geo.ts";
import { generateIdentity } from "../identity/identity.ts";
import { checkLoopback } from "../link/check-loopback.ts";
import { type BywayNode, createNode } from "../node/node.ts";
import type { Constraints } from "../routing/constraints.ts";
import { type FetchReport, fetchOnce } from "./fetch-once.ts";
import { addressOf, MOST_NODES, type Place, placeOf } from "./places.ts";
import { startTarget, type Target } from "./target.ts";

/** For nodes whose only client is their owner, who may load them as much as the machine bears. */
export const OWN_LOAD: StreamLimitOptions = {
  maxStreams: 1_000_000,
  streamsPerSecond: 1_000_000,
  linkStreams: 1_000_000,
  linkStreamsPerSecond: 1_000_000,
  linkTargetsPerMinute: 100_000,
  targetStreams: 1_000_000,
  targetStreamsPerSecond: 1_000_000,
};

const CLIENT_ADDRESS = "127.0.0.1";
const TARGET_ADDRESS = "127.200.0.1";
/** The name of each local network. */
export const TESTNET_NAME = "demo";
const ANY_PORT: readonly string[] = ["reject mail", "accept *:*"];

/** How a local network is made. */
export interface TestnetOptions {
  /** Where the client's proxy listens; none is started when absent. */
  readonly listen?: HostPort | undefined;
  /** Private targets that the exits may reach beside the network's own target. */
  readonly allowTargets?: readonly HostPort[] | undefined;
  /** The exits' rules; all but mail is accepted when absent, since what is tried here listens at any port. */
  readonly policy?: readonly string[] | undefined;
  /** DNS servers of the exits, `ip` or `ip:port`; the system's when absent. */
  readonly dnsServers?: readonly string[] | undefined;
  /** The clock of all parts; the system's when absent. */
  readonly clock?: Clock | undefined;
  /** Give all nodes 127.0.0.1, as is done by itself on systems that have no other loopback address. Default false. */
  readonly oneAddress?: boolean | undefined;
  /** Give the client its nodes in place of a directory, for who counts sockets and timers. Default false. */
  readonly withoutDirectory?: boolean | undefined;
  /** More of the client: its listeners, how it rotates, where it keeps what it learns, a logger of its own. */
  readonly client?: Omit<ClientOptions, "listen" | "directory" | "peers"> | undefined;
  /** Where the client's directory keeps the peers that it knows; in memory when absent. */
  readonly storePath?: string | undefined;
  /** Told what is being started. */
  readonly onProgress?: ((step: string) => void) | undefined;
  /** Logs all parts, the client too unless it has its own; nothing is logged when absent. */
  readonly logger?: Logger | undefined;
}

/** A node of a local network. */
export interface TestnetNode extends BywayNode {
  readonly place: Place;
}

/** A whole network in this process: nodes, a client and a target. */
export interface Testnet {
  readonly nodes: readonly TestnetNode[];
  readonly client: BywayClient;
  readonly target: Target;
  /** What others must know to join; without bootstrap addresses where there is no directory. */
  readonly network: NetworkFile;
  /** Whether each node has an address of its own; false where the system has 127.0.0.1 only. */
  readonly distinctAddresses: boolean;
  /** Fetches from the target once through a circuit that fits `constraints`. */
  fetchOnce(constraints: Constraints, secure: boolean): Promise<FetchReport>;
  stop(): Promise<void>;
}

/** Starts `n` nodes (1 to 100) that are relays and exits, a client and a target. Throws what their starting throws. */
export async function createTestnet(n: number, options: TestnetOptions = {}): Promise<Testnet> {
  if (!Number.isInteger(n) || n < 1 || n > MOST_NODES) {
    throw new BywayError("ERR_USAGE_ARGUMENT", `a local network has 1 to ${MOST_NODES} nodes, not ${n}`);
  }
  const { onProgress = () => {}, clock = systemClock, logger = silentLogger } = options;
  const budget = new ByteBudget({ clock, logger });
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    const distinctAddresses = options.oneAddress !== true && (await canUse(addressOf(0), clock));
    // Where the loopback interface is down all would start, and nothing would work.
    if (!distinctAddresses) await checkLoopback(CLIENT_ADDRESS, { clock });
    onProgress("target");
    const target = await startTarget(clock, distinctAddresses ? TARGET_ADDRESS : CLIENT_ADDRESS);
    started.push(target);
    const allowTargets = [target.http, target.https, ...(options.allowTargets ?? [])];
    const nodes: TestnetNode[] = [];
    const data = distinctAddresses ? { geo: fixtureGeo() } : {};
    const directory = (): { directory?: DirectorySettings } => {
      if (options.withoutDirectory === true) return {};
      return {
        directory: { network: TESTNET_NAME, bootstrap: nodes.slice(0, 1).map((node) => node.bootstrap), ...data },
      };
    };
    for (let index = 0; index < n; index += 1) {
      const place = placeOf(index);
      onProgress(`node ${index + 1} of ${n} (${place.country})`);
      const host = distinctAddresses ? addressOf(index) : CLIENT_ADDRESS;
      const node = await createNode({
        identity: generateIdentity(),
        listen: { host, port: 0 },
        roles: ["relay", "exit"],
        bindEgress: distinctAddresses ? [host] : undefined,
        dnsServers: options.dnsServers,
        allowTargets,
        policy: options.policy ?? ANY_PORT,
        claims: place,
        localNetwork: true,
        checksReach: false,
        streamLimits: OWN_LOAD,
        ...directory(),
        clock,
        budget,
        logger,
      });
      started.push(node);
      nodes.push({ ...node, place });
    }
    const clientDirectory = (): { directory?: DirectorySettings } => {
      const { storePath } = options;
      const found = directory();
      if (found.directory === undefined || storePath === undefined) return found;
      return { directory: { ...found.directory, storePath } };
    };
    onProgress("client");
    const client = await createClient({
      ...options.client,
      listen: options.listen,
      ...(options.withoutDirectory === true ? { peers: () => nodes.map((node) => node.known()) } : clientDirectory()),
      sharedNetworks: !distinctAddresses,
      localNetwork: true,
      clock,
      budget,
      logger: options.client?.logger ?? logger,
    });
    started.push(client);
    return {
      nodes,
      client,
      target,
      network: {
        name: TESTNET_NAME,
        bootstrap: nodes.slice(0, options.withoutDirectory === true ? 0 : 3).map((node) => node.bootstrap),
        localNetwork: true,
        trustAnchors: [],
      },
      distinctAddresses,
      fetchOnce: (constraints, secure) => fetchOnce({ client, target, clock }, constraints, secure),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function canUse(host: string, clock: Clock): Promise<boolean> {
  return checkLoopback(host, { clock }).then(
    () => true,
    () => false,
  );
}
