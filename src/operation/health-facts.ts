import type { NodeStatus } from "./node-status.ts";

/** What the machine gives a node. A number that the system does not tell is absent. */
export interface MachineFacts {
  /** File descriptors that one process may have open. */
  readonly mostDescriptors?: number | undefined;
  /** What the file system of the data directory has left for this user. */
  readonly freeDiskBytes?: number | undefined;
}

/** What the settings ask for, as far as it bears on health. */
export interface HealthSettings {
  /** Nobody is to find the node but by its advertisement file. */
  readonly unlisted: boolean;
  readonly log: "required" | "best-effort" | "off";
  readonly maxStreams: number;
  readonly workers: number;
  /** The kind of network that the node is in, as its operator or the address data says. */
  readonly network?: string | undefined;
}

/** What `healthWarnings` judges. */
export interface HealthFacts {
  readonly status: Omit<NodeStatus, "warnings">;
  readonly settings: HealthSettings;
  readonly machine: MachineFacts;
  /** Unix time. */
  readonly nowMs: number;
  /** How long the load has been high without a break; absent while it is not. */
  readonly busyForMs?: number | undefined;
}
