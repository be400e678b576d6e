import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import type { DirectorySettings } from "../discovery/open-directory.ts";
import type { BlocklistOptions } from "../egress/blocklist/blocklists.ts";
import type { StreamLimitOptions } from "../egress/stream-limits.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { GeoSource } from "../geo/geo-facts.ts";
import type { Identity } from "../identity/identity.ts";
import type { OperationOptions } from "../operation/operation.ts";
import type { Role } from "./role.ts";
import type { AdvertisedFacts } from "./self/advertiser.ts";

/** How a node is made. */
export interface NodeOptions {
  readonly identity: Identity;
  /** Where it takes links; port 0 for any free one. */
  readonly listen: HostPort;
  readonly roles: readonly Role[];
  /** The address and port that others reach it at, when that is not `listen`. */
  readonly advertise?: HostPort | undefined;
  /** Source addresses of connections to targets, at most one of each family. */
  readonly bindEgress?: readonly string[] | undefined;
  /** Private targets that the operator opens. */
  readonly allowTargets?: readonly HostPort[] | undefined;
  /** A file that always holds the newest signed advertisement. */
  readonly advertisementFile?: string | undefined;
  /** What the node says of itself. */
  readonly claims?: Pick<AdvertisedFacts, "country" | "region" | "city" | "asn" | "isp" | "network"> | undefined;
  /** Peer ids of the same operator's other nodes, or a name that they share. */
  readonly family?: readonly string[] | undefined;
  /** Relay to nodes at loopback and private addresses: for a network on one machine. Default false. */
  readonly localNetwork?: boolean | undefined;
  /** DNS servers, `ip` or `ip:port`; the system's when absent. */
  readonly dnsServers?: readonly string[] | undefined;
  /** The exit's rules, one a line (docs/policy.md): `DEFAULT_POLICY` when absent. */
  readonly policy?: readonly string[] | undefined;
  /** What links, payers and hosts may have of the exit, for the node as a whole; the defaults of `EGRESS_LIMITS`. */
  readonly streamLimits?: StreamLimitOptions | undefined;
  /** Accept clients without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean | undefined;
  /**
   * Processes that serve links, 1 to 64. With 1, the default, this process serves them itself; otherwise it forks so many,
   * which use the system's own clock.
   */
  readonly workers?: number | undefined;
  /** Bytes that may wait for readers and targets that are slow; default: a quarter of the memory, at most 1 GiB. */
  readonly memoryBudgetBytes?: number | undefined;
  /** The budget to share with other parts of this process, in place of one of its own. */
  readonly budget?: ByteBudget | undefined;
  /**
   * Where the node keeps its state: what it used of its volume, whether it is paused, its accountability log, copies of
   * blocklists. Without one it keeps none, and no log.
   */
  readonly dataDirectory?: string | undefined;
  /** What the operator allows: speed, volume, hours. */
  readonly operation?: OperationOptions | undefined;
  /** Mbit/s that each link gets, each way together. */
  readonly linkMbps?: number | undefined;
  readonly blocklists?: readonly BlocklistOptions[] | undefined;
  /** What an exit writes of the streams that left it; nothing by default. */
  readonly log?: {
    readonly mode: "required" | "best-effort" | "off";
    readonly days: number;
    readonly mib: number;
  };
  /** A second address that tells by HTTP what this machine is, such as its port 80. */
  readonly noticeListen?: HostPort | undefined;
  /** Whether others are asked to find out if the node can be reached. Default true, where it takes part in the directory. */
  readonly checksReach?: boolean | undefined;
  /** How to reach the operator: printable text, shown to whoever opens the node's address in a browser. */
  readonly contact?: string | undefined;
  /** Takes part in the directory, at the port that it listens on: makes itself known, and answers others. */
  readonly directory?: DirectorySettings | undefined;
  /** Address data to hold the node's own claims against; that of `directory` when absent. */
  readonly geo?: GeoSource | undefined;
  /** Mbit/s, in its slower direction, that the node may use: what its load is a share of. Default: what was measured. */
  readonly capacityMbps?: number | undefined;
  /** What the node asks for, in millionths of a USDC; nothing by default. */
  readonly price?: { readonly perGib?: number | undefined; readonly perRequest?: number | undefined };
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
}

/** The part of a node's options that is plain JSON, so that worker processes can have it: what its operator sets. */
export type NodeSettings = Omit<
  NodeOptions,
  "identity" | "budget" | "directory" | "geo" | "clock" | "random" | "logger"
>;

/** That part of `options`. */
export function nodeSettings(options: NodeOptions): NodeSettings {
  const { identity, budget, directory, geo, clock, random, logger, ...settings } = options;
  return settings;
}
