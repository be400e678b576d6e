import type { StageTiming } from "../circuit/circuit.ts";
import type { RouteSummary } from "../ingress/stream-opener.ts";
import type { Explanation } from "../routing/explanation.ts";
import type { FunnelStep } from "../routing/no-node.ts";

/** How far a request is: no way was found yet, its stream is open, it ended well, it failed. */
export type RequestState = "opening" | "open" | "done" | "failed";

/** A node that was tried and failed. */
export interface FailedAttempt {
  /** Since the request began. */
  readonly ms: number;
  /** Peer id in base36; absent where no node was to blame. */
  readonly peerId?: string;
  /** A code of the error table. */
  readonly code: string;
  readonly message: string;
}

/** One request, as plain JSON values. Each text is bounded. */
export interface RequestRecord {
  /** 12 characters of Crockford's base32. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  /** The user that the app named; "" if it named none. */
  readonly user: string;
  /** The listener that it came through; "" for the library. */
  readonly listener: string;
  /** `host:port`; "" if the request was refused before it named one. */
  readonly target: string;
  readonly protocol: "tcp" | "udp";
  /** The constraints as text; "" for none. */
  readonly constraints: string;
  readonly state: RequestState;
  /** From its begin until it ended, or until now. */
  readonly ms: number;
  /** From its begin until it had a way. */
  readonly routedMs?: number;
  readonly route?: RouteSummary;
  readonly timings: readonly StageTiming[];
  /** The attempts that failed, the first ones. */
  readonly attempts: readonly FailedAttempt[];
  /** How many failed, kept or not. */
  readonly retries: number;
  /** Set where its session changed its exit. */
  readonly moved?: { readonly from: string; readonly reason: string };
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string; readonly funnel?: readonly FunnelStep[] };
  readonly explanation?: Explanation;
}

/** A line of the list of requests. */
export type RequestLine = Pick<
  RequestRecord,
  | "id"
  | "startedAtMs"
  | "user"
  | "listener"
  | "target"
  | "protocol"
  | "constraints"
  | "state"
  | "ms"
  | "retries"
  | "sentBytes"
  | "receivedBytes"
> & {
  /** 0 as long as there is no way. */
  readonly hops: number;
  readonly exit: { readonly peerId: string; readonly country?: string; readonly asn?: number } | null;
  /** The code of the error that it failed with. */
  readonly error: string | null;
  /** The exit that its session left for another one. */
  readonly movedFrom: string | null;
};

/** The line that a record makes. */
export function requestLine(record: RequestRecord): RequestLine {
  const { id, startedAtMs, user, listener, target, protocol, constraints, state, ms } = record;
  const { retries, sentBytes, receivedBytes, route, error, moved } = record;
  return {
    id,
    startedAtMs,
    user,
    listener,
    target,
    protocol,
    constraints,
    state,
    ms,
    retries,
    sentBytes,
    receivedBytes,
    hops: route?.hops.length ?? 0,
    exit: route?.exit ?? null,
    error: error?.code ?? null,
    movedFrom: moved?.from ?? null,
  };
}
