import type { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Circuit } from "./circuit.ts";
import type { Hop } from "./hop.ts";
import type { IsolationGroup } from "./isolation.ts";
import type { PathSelector } from "./path-selector.ts";

/** What a stream needs of a circuit. */
export interface CircuitSpec {
  /** Whom it may share a circuit with. */
  readonly group: IsolationGroup;
  /** Chooses hops that fit the group's constraints, and this stream. */
  readonly choose: PathSelector;
  /** Whether a circuit that stands will do, by its exit: it accepts the port, it is the session's. Default: any of the group. */
  readonly fits?: (exit: Hop) => boolean;
  /** Each stream takes another circuit than the one before, as far as they are ready. Default false. */
  readonly rotates?: boolean;
  /** Equal for streams that the same nodes can serve. Without it, each one has nodes dialled anew that failed a moment ago. */
  readonly nodesKey?: string;
  /** Told of each peer that fails while a circuit is built for it; who waits for what is built for another hears nothing. */
  readonly onHopFailed?: (peerId: PeerId, error: BywayError) => void;
}

/** Whether a circuit that stands may carry a stream, as far as its hops go. */
export type Suits = (circuit: Circuit) => boolean;

/** What `need` asks of a circuit that stands, which must not go through the peers in `failed`. */
export function suiting({ fits }: Pick<CircuitSpec, "fits">, failed: ReadonlySet<string>): Suits {
  return ({ hops }) => {
    if (failed.size > 0 && hops.some(({ peerId }) => failed.has(peerId))) return false;
    const exit = hops.at(-1);
    return fits === undefined || (exit !== undefined && fits(exit));
  };
}
