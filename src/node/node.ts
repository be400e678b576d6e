import { ByteBudget } from "../core/byte-budget.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { VERSION } from "../core/version.ts";
import { type AdvertisedFacts, Advertiser } from "../directory/advertiser.ts";
import type { KnownPeer } from "../directory/known-peers.ts";
import { writePeerFile } from "../directory/peer-file.ts";
import { checkBinding } from "../egress/check-binding.ts";
import { PortPolicy } from "../egress/port-policy.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { createCertificate } from "../identity/certificate.ts";
import type { Identity } from "../identity/identity.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import { portRangesExcept } from "../wire/port-range.ts";
import { forkWorker } from "../workers/fork-worker.ts";
import { WorkerPool } from "../workers/worker-pool.ts";
import { createLinkEnd, type LinkEndOptions } from "./link-end.ts";
import type { Role } from "./role.ts";

/** How a node is made. */
export interface NodeOptions {
  readonly identity: Identity;
  /** Where it takes links; port 0 for any free one. */
  readonly listen: HostPort;
  readonly roles: readonly Role[];
  /** The address and port that others reach it at, when that is not `listen`. */
  readonly advertise?: HostPort;
  /** Source addresses of connections to targets, at most one of each family. */
  readonly bindEgress?: readonly string[];
  /** Private targets that the operator opens. */
  readonly allowTargets?: readonly HostPort[];
  /** A file that always holds the newest signed advertisement. */
  readonly advertisementFile?: string;
  /** What the node says of itself. */
  readonly claims?: Pick<AdvertisedFacts, "country" | "region" | "city" | "asn" | "isp" | "network">;
  /** Peer ids of the same operator's other nodes, or a name that they share. */
  readonly family?: readonly string[];
  /** Relay to nodes at loopback and private addresses: for a network on one machine. Default false. */
  readonly localNetwork?: boolean;
  /** DNS servers, `ip` or `ip:port`; the system's when absent. */
  readonly dnsServers?: readonly string[];
  /** Target ports that are never dialled; mail submission ports when absent. */
  readonly closedPorts?: readonly number[];
  /** Accept clients without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean;
  /**
   * Processes that serve links, 1 to 64. With 1, the default, this process serves them itself; otherwise it forks so many,
   * which use the system's own clock.
   */
  readonly workers?: number;
  /** Bytes that may wait for readers and targets that are slow; default: a quarter of the memory, at most 1 GiB. */
  readonly memoryBudgetBytes?: number;
  /** The budget to share with other parts of this process, in place of one of its own. */
  readonly budget?: ByteBudget;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A running node. */
export interface BywayNode {
  readonly peerId: PeerId;
  /** Where it takes links. */
  readonly address: HostPort;
  /** Its newest signed advertisement. */
  advertisement(): Uint8Array;
  /** Itself as a client in the same process would know it. */
  known(): KnownPeer;
  /** Ends all links, streams and sockets. Idempotent. */
  stop(): Promise<void>;
}

// Tools that compile change the endings of imports, and this is none.
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "worker.ts" : "worker.js", import.meta.url);
const MAX_WORKERS = 64;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * Makes and starts a node.
 * Throws ERR_LISTEN_*, ERR_CONFIG_VALUE for an impossible option, ERR_DATA_DIRECTORY for an unwritable advertisement file,
 * ERR_WORKER when a worker does not come up.
 */
export async function createNode(options: NodeOptions): Promise<BywayNode> {
  const { identity, clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });
  const localNetwork = options.localNetwork ?? false;
  if (WILDCARDS.has(options.listen.host) && options.advertise === undefined) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `listening on ${options.listen.host} does not say where others reach this node; name that address with --advertise`,
    );
  }
  const workers = options.workers ?? 1;
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new BywayError("ERR_CONFIG_VALUE", `a node has 1 to ${MAX_WORKERS} workers, not ${workers}`);
  }
  const certificate = await createCertificate(identity, clock, random);
  const ports = new PortPolicy(options.closedPorts === undefined ? {} : { closedPorts: options.closedPorts });
  const isExit = options.roles.includes("exit");
  const policy = { acceptedPorts: isExit ? portRangesExcept(ports.closedPorts) : [] };
  const ownListeners: HostPort[] = [];
  const { bindEgress, dnsServers, closedPorts } = options;
  const linkOptions: LinkEndOptions = {
    certificate,
    allowClassical: options.allowClassical ?? false,
    roles: options.roles,
    policy,
    listeners: ownListeners,
    allowTargets: options.allowTargets ?? [],
    localNetwork,
    ...(bindEgress === undefined ? {} : { bindEgress }),
    ...(dnsServers === undefined ? {} : { dnsServers }),
    ...(closedPorts === undefined ? {} : { closedPorts }),
    ends: workers,
    budgetBytes: Math.floor(budget.bytes / workers),
  };
  const pool = workers === 1 ? undefined : new WorkerPool({ clock, logger, fork: forkWorker(WORKER) }, { workers });
  const links = pool ?? createLinkEnd({ clock, logger, budget }, linkOptions);
  await checkBinding(options.bindEgress ?? []);
  const transport = new TcpTransport({ clock }, { paused: pool !== undefined });
  const listener = await transport.listen(options.listen, (raw) => links.accept(raw));
  const endpoint = options.advertise ?? listener.address;
  ownListeners.push(listener.address, endpoint);
  if (!localNetwork && classifyAddress(endpoint.host) !== undefined) {
    logger.warn(
      "others will refuse this node, whose address is not public: use --advertise, or --local-network on both sides",
      {
        endpoint: formatHostPort(endpoint),
      },
    );
  }

  const publish = async (envelope: Uint8Array): Promise<void> => {
    if (options.advertisementFile !== undefined) await writePeerFile(options.advertisementFile, envelope);
  };
  const advertiser = new Advertiser(
    {
      identity,
      clock,
      publish: (envelope) =>
        void publish(envelope).catch((error: unknown) =>
          logger.warn("the advertisement file could not be renewed", { reason: toBywayError(error).message }),
        ),
    },
    {
      ...options.claims,
      ...(options.family === undefined || options.family.length === 0 ? {} : { family: options.family }),
      roles: options.roles,
      endpoints: [endpoint],
      protocols: isExit ? ["tcp", "udp"] : [],
      policy,
      upSinceSec: Math.floor(clock.nowMs() / 1000),
      software: `byway/${VERSION}`,
    },
  );

  const stop = async (): Promise<void> => {
    advertiser.stop();
    await Promise.all([listener.close(), links.stop()]);
  };
  try {
    await pool?.start(linkOptions);
    await publish(advertiser.envelope);
  } catch (error) {
    await stop();
    throw error;
  }
  advertiser.start();
  const advertisement = (): Uint8Array => advertiser.envelope;
  return {
    peerId: identity.peerId,
    address: listener.address,
    advertisement,
    known: () => ({ advertisement: advertiser.advertisement, envelope: advertiser.envelope }),
    stop,
  };
}
