import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import type { DirectorySettings } from "../discovery/open-directory.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { ProxyUser } from "../ingress/credentials.ts";
import type { AskName } from "../ingress/name-rule.ts";
import type { UserLimit } from "../ingress/user-usage.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { ScoreParts } from "../routing/explanation.ts";
import type { Preset } from "../routing/preset.ts";

/** One address at which a client's proxy answers. */
export interface ListenerOptions {
  readonly listen: HostPort;
  /** Who may use it; anyone on loopback when empty. */
  readonly users?: readonly ProxyUser[] | undefined;
  /** What applies where a request does not say, in any form that `connect` reads. */
  readonly defaults?: Constraints | string | undefined;
  /** Pass over what a user name asks for and Byway has no such thing for, and tell it in `byway-ignored`. Default false. */
  readonly lenient?: boolean | undefined;
  /** Whether requests without a user name are asked for one where there are no users. Default `never`. */
  readonly askName?: AskName | undefined;
}

/** How a client is made. */
export interface ClientOptions {
  /** Where the local proxy listens; none is started when absent. */
  readonly listen?: HostPort | undefined;
  /** Users of the local proxy; anyone on loopback when empty. */
  readonly users?: readonly ProxyUser[] | undefined;
  /** What applies at `listen`, and to the library's own streams, where a request does not say; in any form that `connect` reads. */
  readonly defaults?: Constraints | string | undefined;
  /** As in `ListenerOptions`, for `listen`. */
  readonly lenient?: boolean | undefined;
  /** As in `ListenerOptions`, for `listen`. */
  readonly askName?: AskName | undefined;
  /** Further addresses of the proxy. No circuit is shared between two. */
  readonly listeners?: readonly ListenerOptions[] | undefined;
  /** What users may do, at all listeners together; no limits by default. */
  readonly userLimits?: readonly UserLimit[] | undefined;
  /** Files of signed advertisements, one in base64url a line. */
  readonly peerFiles?: readonly string[] | undefined;
  /** Finds nodes by itself, through peers of the network; without it, only those of `peerFiles` and `peers` are known. */
  readonly directory?: DirectorySettings | undefined;
  /** More peers, asked for at every choice; they must have been verified. */
  readonly peers?: (() => readonly KnownPeer[]) | undefined;
  /** Hops of a circuit when a request does not say, 1-5. Default 1. */
  readonly hops?: number | undefined;
  /** How exits are weighed when a request does not say. Default `balanced`. */
  readonly preset?: Preset | undefined;
  /** Weights in place of those of `balanced`. */
  readonly weights?: ScoreParts | undefined;
  /** The share of requests that goes to nodes with little history, 0 to 1. Default 0.05. */
  readonly explorationShare?: number | undefined;
  /** Whether each request without a session leaves through another exit, or all by one circuit for up to ten minutes. Default `request`. */
  readonly rotation?: "request" | "circuit" | undefined;
  /** The file that keeps guards, sessions and experience with nodes; in memory when absent. */
  readonly recordsPath?: string | undefined;
  /** The socket at which other programs of this user may look at requests and choices; none when absent. */
  readonly controlPath?: string | undefined;
  /** Accept nodes at loopback and private addresses: for a network on one machine. Default false. */
  readonly localNetwork?: boolean | undefined;
  /** Let the hops of a circuit stand in one /16: only where all nodes share one address. Default false. */
  readonly sharedNetworks?: boolean | undefined;
  /** Accept nodes without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean | undefined;
  /** The most unused circuits kept ready for one set of constraints. Default 4; 0 builds none ahead. */
  readonly spareCircuits?: number | undefined;
  /** Bytes that may wait for readers and targets that are slow; default: a quarter of the memory, at most 1 GiB. */
  readonly memoryBudgetBytes?: number | undefined;
  /** The budget to share with other parts of this process, in place of one of its own. */
  readonly budget?: ByteBudget | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly logger?: Logger | undefined;
}
