import type { PeerId } from "../identity/peer-id.ts";
import type { Hop } from "./hop.ts";
import type { IsolationGroup } from "./isolation.ts";

/** Hints for choosing the hops of a circuit. */
export interface PathHints {
  /** Hops that have a link already, first hop first: the path begins with them. */
  readonly kept: readonly Hop[];
  /** Peers that must not be in the rest. */
  readonly failed: ReadonlySet<string>;
  /** The exit, when it must be this one. */
  readonly exit?: PeerId | undefined;
  /** Exits to take only where no other one fits. */
  readonly avoid?: readonly PeerId[] | undefined;
}

/**
 * Chooses the hops of a whole circuit, first to exit. Throws ERR_NO_NODE when none fit.
 *
 * The answer may remain unused. A chooser that remembers choices does so when a stream was opened, not here.
 */
export type PathSelector = (hints: PathHints) => readonly Hop[];

/** The part of a request that this room uses. `choose` is the only call from here back to the request. */
export interface CircuitRequest {
  /** The streams that it may share a circuit with. */
  readonly group: IsolationGroup;
  /** Chooses hops that fit the group's constraints and this request. */
  choose(hints: PathHints): readonly Hop[];
  /** Each request takes another circuit than the one before, if one is ready. Default false. */
  readonly rotates?: boolean;
  /** Equal for requests that the same nodes can serve. Without it, nodes that just failed are dialled again for each one. */
  readonly nodesKey?: string | undefined;
  /** The request's name in observations of hops that fail while a circuit is built for it. */
  readonly id?: string | undefined;
}

/** Whether a circuit with this exit can serve a request: it accepts the port, it is the session's. */
export type Fits = (exit: Hop) => boolean;
