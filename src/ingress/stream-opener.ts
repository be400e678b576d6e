import type { Duplex } from "node:stream";
import type { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Constraints } from "../routing/constraints.ts";

/** What an app asks for: a stream, or datagrams, to a target. */
export interface StreamRequest {
  /** Where to; a name is resolved at the exit. */
  readonly target: HostPort;
  readonly constraints: Constraints;
  /** Whose request it is; "" when the app did not say. Nothing is shared between users. */
  readonly user: string;
  /** Bytes that the app sent before it knew the answer; they are the first bytes of the stream. */
  readonly early?: Uint8Array | undefined;
  /**
   * Hand the stream over before the exit has answered, so that what the app writes at once travels with the request. A refusal
   * then ends the stream, `accepted` tells it, and nothing is tried again. Default false.
   */
  readonly optimistic?: boolean | undefined;
  /** The exit that declined the same request a moment ago, and what it said: another one is asked, or this is the answer. */
  readonly declined?: { readonly exit: string; readonly error: BywayError } | undefined;
}

/** One node of a circuit, as it is told to the user. */
export interface RouteHop {
  /** Peer id in base36. */
  readonly peerId: string;
  /** ISO 3166-1 alpha-2 in lower case. */
  readonly country?: string;
  readonly asn?: number;
}

/** The way that a stream takes. */
export interface RouteSummary {
  /** All hops in order; the exit is the last. */
  readonly hops: readonly RouteHop[];
  readonly exit: RouteHop;
}

/** A stream to the target; the receiver owns it. An abrupt end shows as an error or as a close without an end. */
export interface OpenedStream {
  readonly stream: Duplex;
  readonly route: RouteSummary;
  /** Of a stream that was handed over early: resolves when the exit has connected, rejects with its BywayError. */
  readonly accepted?: Promise<unknown>;
  /** The name of this request in the list of recent requests. */
  readonly requestId?: string | undefined;
  /** The next request is to have another exit: the stream is not to be kept for it. */
  readonly isForOne?: boolean | undefined;
  /** When its session ends, in Unix ms: from then on the stream is not to be used for another request. */
  readonly endsAtMs?: number | undefined;
  /** What the stream has carried so far, as the list of recent requests counts it. */
  readonly bytes?: () => { readonly sent: number; readonly received: number };
  /** Set where the session's exit changed with this request: the one that it had, and why it left it. */
  readonly moved?: { readonly from: string; readonly reason: "failed" | "expired" | "unfit" } | undefined;
}

/** Datagrams to and from one target. Unreliable: either end may drop. */
export interface DatagramFlow {
  /** Sends one datagram; the flow owns the bytes from here on. */
  send(payload: Uint8Array): void;
  /** Called for each datagram from the target; set by the owner of the flow. */
  onDatagram: ((payload: Uint8Array) => void) | undefined;
  /** Resolves when the flow is gone, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

/** A request that was refused for its user name, before anything was opened. */
export interface RefusedRequest {
  /** The user name as it was sent; "" for none. */
  readonly user: string;
  /** Undefined where it is not known. */
  readonly target: HostPort | undefined;
  readonly error: BywayError;
}

/** The way from an app's request to a circuit; whoever constructs the ingress hands one in. */
export interface StreamOpener {
  /** Opens a stream; rejects with a BywayError. An abort takes the opening back, not an opened stream. */
  openStream(request: StreamRequest, signal: AbortSignal): Promise<OpenedStream>;
  /** Opens a flow of datagrams to one target; rejects with a BywayError. */
  openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<DatagramFlow>;
  /** Told of a request that was refused for its user name, for the list of requests. */
  noteRefused?(refused: RefusedRequest): void;
}
