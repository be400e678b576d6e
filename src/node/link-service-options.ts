import { join } from "node:path";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { BYTES_PER_MBIT } from "../core/units.ts";
import type { BlocklistOptions } from "../egress/blocklist/blocklists.ts";
import { type AdvertisedPolicy, advertisedPolicy } from "../egress/policy/advertised-policy.ts";
import { ExitPolicy } from "../egress/policy/exit-policy.ts";
import { parsePolicy } from "../egress/policy/parse-policy.ts";
import { DEFAULT_POLICY } from "../egress/policy/policy-rule.ts";
import type { StreamLimitOptions } from "../egress/stream-limits.ts";
import type { CertificatePair } from "../identity/certificate.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { NodeOptions } from "./node-options.ts";
import type { Role } from "./role.ts";

const MAX_WORKERS = 64;
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** How the accountability log is kept. */
export interface LogOptions {
  readonly directory: string;
  /** Whether the exit is closed while nothing can be written. */
  readonly required: boolean;
  /** After so many days records are removed, or sooner above so many MiB. */
  readonly days: number;
  readonly mib: number;
}

/** How links are served. Plain JSON values: a worker gets them by message. */
export interface LinkServiceOptions {
  readonly certificate: CertificatePair;
  readonly allowClassical: boolean;
  readonly roles: readonly Role[];
  /** What the node says of itself at `/.well-known/byway`. */
  readonly policy: AdvertisedPolicy;
  /** Where the whole node listens, and the endpoints that lead there: no way out leads to them. Read at every check. */
  readonly listeners: readonly HostPort[];
  readonly allowTargets: readonly HostPort[];
  readonly localNetwork: boolean;
  readonly bindEgress?: readonly string[];
  readonly dnsServers?: readonly string[];
  /** The exit's rules; `DEFAULT_POLICY` when absent. */
  readonly policyRules?: readonly string[];
  readonly blocklists?: readonly BlocklistOptions[];
  /** Where the last good copies of blocklists are kept. */
  readonly blocklistDirectory?: string;
  readonly streamLimits?: StreamLimitOptions;
  /** Whether streams are held to a speed, which `obey` tells, or may be one day. */
  readonly isPaced: boolean;
  /** The speed of each link, in bytes a second; any when absent. */
  readonly linkBytesPerSecond?: number;
  /** The accountability log of the whole node; none when absent. */
  readonly log?: LogOptions;
  readonly peerId: PeerId;
  /** How to reach the operator, for whoever asks by HTTP what this address is. */
  readonly contact?: string;
  /** Where connections of the overlay go, in a worker: the path that the node's `OverlayBackchannel` listens at. */
  readonly backchannelPath?: string;
  /** How many processes of the node serve links. Each gets this part of every bound that is for the whole node. */
  readonly processes: number;
  /** Bytes that may wait in this process. */
  readonly budgetBytes: number;
}

/** Throws ERR_CONFIG_VALUE for options that no node can be made of. */
export function checkNodeOptions({ listen, advertise, workers = 1, log, dataDirectory }: NodeOptions): void {
  if (log !== undefined && log.mode !== "off" && dataDirectory === undefined) {
    throw new BywayError("ERR_CONFIG_VALUE", "an accountability log needs a data directory to be in");
  }
  if (WILDCARDS.has(listen.host) && advertise === undefined) {
    throw new BywayError(
      "ERR_CONFIG_VALUE",
      `listening on ${listen.host} does not say where others reach this node; name that address with --advertise`,
    );
  }
  if (advertise?.port === 0) {
    throw new BywayError("ERR_CONFIG_VALUE", "the port of node.advertise (--advertise) is 0, where nobody is reached");
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new BywayError("ERR_CONFIG_VALUE", `a node has 1 to ${MAX_WORKERS} workers, not ${workers}`);
  }
}

/** What a node with such rules says of them. Throws ERR_CONFIG_VALUE. */
function advertised(rules: readonly string[], opened: readonly HostPort[] = []): AdvertisedPolicy {
  return advertisedPolicy(new ExitPolicy(parsePolicy(rules)), opened);
}

/** The options of a node's link services. `listeners` is kept by reference, as the node learns them later. */
export function linkServiceOptions(
  options: NodeOptions,
  own: {
    readonly certificate: CertificatePair;
    readonly listeners: readonly HostPort[];
    /** For all processes together. */
    readonly budgetBytes: number;
  },
): LinkServiceOptions {
  const { roles, workers = 1, bindEgress, dnsServers, contact } = options;
  const rules = options.policy ?? DEFAULT_POLICY;
  return {
    certificate: own.certificate,
    allowClassical: options.allowClassical ?? false,
    roles,
    policy: roles.includes("exit") ? advertised(rules, options.allowTargets) : { acceptedPorts: [], protocols: [] },
    policyRules: rules,
    peerId: options.identity.peerId,
    isPaced: isPaced(options),
    ...kept(options),
    ...(options.blocklists === undefined ? {} : { blocklists: options.blocklists }),
    ...(options.streamLimits === undefined ? {} : { streamLimits: options.streamLimits }),
    ...(options.linkMbps === undefined ? {} : { linkBytesPerSecond: options.linkMbps * BYTES_PER_MBIT }),
    listeners: own.listeners,
    allowTargets: options.allowTargets ?? [],
    localNetwork: options.localNetwork ?? false,
    ...(bindEgress === undefined ? {} : { bindEgress }),
    ...(dnsServers === undefined ? {} : { dnsServers }),
    ...(contact === undefined ? {} : { contact }),
    processes: workers,
    budgetBytes: Math.floor(own.budgetBytes / workers),
  };
}

/** Whether streams may have to be slowed down at some time. */
function isPaced({ operation: { upMbps, downMbps, monthlyGb } = {}, linkMbps }: NodeOptions): boolean {
  return [upMbps, downMbps, monthlyGb, linkMbps].some((limit) => limit !== undefined);
}

/** Where a link service keeps files. */
function kept({ dataDirectory, log }: NodeOptions): Pick<LinkServiceOptions, "log" | "blocklistDirectory"> {
  if (dataDirectory === undefined) return {};
  const blocklistDirectory = join(dataDirectory, "blocklists");
  if (log === undefined || log.mode === "off") return { blocklistDirectory };
  const { mode, days, mib } = log;
  const directory = join(dataDirectory, "accountability");
  return { blocklistDirectory, log: { directory, required: mode === "required", days, mib } };
}
