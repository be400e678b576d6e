import type { PeerId } from "../identity/peer-id.ts";
import type { Hop } from "./hop.ts";

/** What the circuit room asks of whoever chooses hops. */
export interface PathHints {
  /** Hops that stand already, first hop first: the answer begins with them. */
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
 * It is also asked what it would choose, and its answer may come to nothing: whoever remembers choices does so when a stream
 * was opened, not here.
 */
export type PathSelector = (wishes: PathHints) => readonly Hop[];
