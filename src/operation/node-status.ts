import type { LineBytes } from "../flow/socket-totals.ts";

/** Whether other peers can connect to the node. */
export interface Reachability {
  readonly state: "yes" | "no" | "unknown";
  /** A sentence: who reached it, or what failed and what to do. */
  readonly reason: string;
  /** ISO 8601; absent until it was looked at. */
  readonly checkedAt?: string;
}

/** Something that the operator should look at. */
export interface HealthWarning {
  /** Stable, such as `WARN_NOT_REACHABLE`; docs/health.md lists them. */
  readonly code: string;
  /** A `note` is worth knowing, and needs nothing done. */
  readonly level: "warning" | "note";
  readonly message: string;
  readonly remedy: string;
}

/** A claim of the node's own about its place that address data contradicts. */
export interface ContradictedClaim {
  readonly claim: "country" | "region" | "city" | "asn" | "network";
  readonly claimed: string;
  /** What the address data says, and clients with the same data use. */
  readonly found: string;
}

/** A node as its operator sees it: what `byway node status --json` prints. Plain JSON; times are ISO 8601. */
export interface NodeStatus {
  readonly peerId: string;
  readonly software: string;
  readonly roles: readonly string[];
  /** Where it listens, and where it says that others reach it. */
  readonly address: string;
  readonly endpoint: string;
  /** Public addresses at which others saw it: closed to targets, as the two above are. */
  readonly seenAddresses: readonly string[];
  readonly contact?: string;
  readonly startedAt: string;
  readonly serving: {
    readonly state: "serving" | "paused" | "draining" | "closed";
    /** Why it is closed: outside its hours, volume used up, a list or the log is missing. */
    readonly reason?: string;
    /** When it opens again, as far as that is known. */
    readonly until?: string;
    /** Why the exit alone is closed, while the node goes on to serve as a relay. */
    readonly exitClosed?: string;
  };
  readonly reachable: Reachability;
  readonly links: number;
  readonly streams: number;
  /** Streams to targets since the start. */
  readonly streamsOpened: number;
  /** Next hops that only strangers named, and that did not prove themselves, within the last hour. */
  readonly failedProofs: number;
  readonly load: number;
  readonly traffic: {
    readonly today: LineBytes;
    /** Since `monthStart`. */
    readonly month: LineBytes;
    readonly monthStart: string;
    readonly monthEnd: string;
    /** Both ways together. */
    readonly monthlyCapBytes?: number;
  };
  /** The speed that counts now, in bytes a second; absent where nothing holds it back. */
  readonly bytesPerSecond?: number;
  readonly policy: {
    readonly rules: readonly string[];
    readonly acceptedPorts: readonly { readonly first: number; readonly last: number }[];
  };
  /** Refused streams and connections since the start, by what refused them, most first. */
  readonly refusals: readonly { readonly by: string; readonly count: number }[];
  readonly blocklists: readonly {
    readonly name: string;
    readonly state: string;
    readonly entries: number;
    readonly unread: number;
    readonly loadedAt?: string;
    readonly reason?: string;
  }[];
  readonly log: {
    readonly state: "off" | "writing" | "failing";
    readonly reason?: string;
    /** Written since the start. */
    readonly records: number;
    /** The size of all that is kept. */
    readonly bytes: number;
    readonly lost: number;
    /** Files that are too old by a clock that leapt, and are kept until it has stood for a day of running time. */
    readonly held?: { readonly files: number; readonly aheadMs: number };
  };
  /** Present where the clock of this machine seems to be off, by what others date. */
  readonly clockOff?: {
    readonly direction: "ahead" | "behind";
    /** About how far, where that is known. */
    readonly byMs?: number;
    /** How many networks say so; on a local network, how many peers. */
    readonly peers: number;
    readonly reason: string;
  };
  /** Present where another machine signs with this node's key. */
  readonly sameKey?: {
    /** Where it says that it is reached. */
    readonly endpoint: string;
    /** When the newest advertisement of it that came here was signed. */
    readonly issuedAt: string;
  };
  /** Present where the address data of this machine contradicts what the node claims of its place. */
  readonly contradicted?: readonly ContradictedClaim[];
  /** Present where a process of the node had no file descriptor left in the last ten minutes. */
  readonly wasOutOfDescriptors?: boolean;
  readonly warnings: readonly HealthWarning[];
}

/** What an operator can have a running node do. */
export interface NodeOperations {
  status(): NodeStatus;
  /** Takes no new streams or links, until `resume`; also after a restart. What stands goes on. */
  pause(): void;
  resume(): void;
  /** As `pause`, and the node stops when the last stream is over. Forgotten with a restart. */
  drain(): void;
  /** Reads all blocklists again; settles with how each fared. */
  reload(): Promise<NodeStatus["blocklists"]>;
}
