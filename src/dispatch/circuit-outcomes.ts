import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import { HedgeBudget } from "../circuit/hedge-budget.ts";
import { failureIn, observedHop } from "../circuit/hop.ts";
import { isPaced, restMs } from "../circuit/retry-wait.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import type { Observer } from "../trust/observer.ts";
import type { ExitPaces } from "./exit-paces.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

/** The components of the outcomes. */
export interface CircuitOutcomesComponents {
  readonly pool: Pick<CircuitPool, "leave">;
  readonly observer: Pick<Observer, "observe">;
  readonly paces: ExitPaces;
  readonly clock: Clock;
}

/** Errors of a node that is gone, rather than busy or unwilling. */
const GONE: ReadonlySet<ErrorCode> = new Set(["ERR_HOP_UNREACHABLE", "ERR_HOP_TIMEOUT"]);

/** Takes the outcomes of streams: they become observations of the hops, and close circuits to new streams. */
export class CircuitOutcomes {
  /** The budget for second tries beside slow first ones. */
  readonly hedges: HedgeBudget;
  /** The pace of each exit, in streams a second. */
  readonly paces: ExitPaces;
  readonly #components: CircuitOutcomesComponents;
  readonly #lostRaces = new LostRaces();

  constructor(components: CircuitOutcomesComponents) {
    this.#components = components;
    this.hedges = new HedgeBudget(components);
    this.paces = components.paces;
  }

  /** The exit answered a stream that was begun at `beganMs` (monotonic), and so every hop works. */
  answered(circuit: Circuit, beganMs: number): void {
    const { observer, clock } = this.#components;
    this.taken(circuit);
    const exit = circuit.hops.at(-1);
    if (exit !== undefined) this.#lostRaces.noteAnswer(exit.peerId);
    const ms = clock.monotonicMs() - beganMs;
    for (const index of circuit.hops.keys()) {
      const hop = observedHop(circuit.hops, index);
      observer.observe({ ...hop, what: "answered", beganMs, ms: hop.role === "exit" ? ms : undefined });
    }
  }

  /** The exit took a stream, whatever its outcome. */
  taken(circuit: Circuit): void {
    const exit = circuit.hops.at(-1);
    if (exit !== undefined) this.paces.noteTaken(exit.peerId);
  }

  /** A stream that the exit had taken ended, so that it may take another one. */
  ended(circuit: Circuit): void {
    const exit = circuit.hops.at(-1);
    if (exit !== undefined) this.paces.noteEnded(exit.peerId);
  }

  /**
   * A hop failed, so `circuit` takes no new streams. If `code` means that the hop is gone (default), no other circuit through
   * it does either. A loss or a delay may be the work of a hop before it; any other code is what the exit itself said.
   */
  failed(circuit: Circuit, culprit: string | undefined, code?: ErrorCode): void {
    const isGone = code === undefined || GONE.has(code) || (code === "ERR_HOP_LOST" && circuit.ended);
    circuit.close();
    if (culprit === undefined) return;
    if (isGone) this.#components.pool.leave(culprit, circuit);
    else this.#components.observer.observe(failureIn(circuit.hops, culprit, code !== "ERR_HOP_LOST"));
  }

  /** The exit declined a stream that is not tried elsewhere. */
  declined(circuit: Circuit, error: BywayError): void {
    const ms = restMs(error);
    const exit = circuit.hops.at(-1);
    if (exit !== undefined && isPaced(error)) this.paces.noteRefused(exit.peerId);
    else if (ms !== undefined) this.rests(circuit, ms);
  }

  /** The exit is full or closed, which is no failure: `circuit` takes no new streams, and its exit is passed over for `ms`. */
  rests(circuit: Circuit, ms: number): void {
    circuit.close();
    if (circuit.hops.length === 0) return;
    const exit = observedHop(circuit.hops, circuit.hops.length - 1);
    this.#components.observer.observe({ ...exit, what: "full", forMs: ms });
  }

  /** A stream was late on `circuit`, and another one was answered in its place. */
  lostRace(circuit: Circuit): void {
    const exit = circuit.hops.at(-1);
    if (exit === undefined || !this.#lostRaces.note(exit.peerId)) return;
    circuit.close();
    this.#components.observer.observe(failureIn(circuit.hops, exit.peerId, false));
  }

  /** Pings an exit that is late with an answer. Leaves a hop that is silent for `ms`, and resolves with whether there is one. */
  async suspect(circuit: Circuit, ms: number): Promise<boolean> {
    if (await circuit.answers(ms)) return false;
    this.failed(circuit, circuit.culprit);
    return true;
  }
}

/**
 * Exits that were late again and again while another one answered. An exit that is there and opens no streams is never seen
 * to fail, since another one takes its place each time.
 */
export class LostRaces {
  /** Races in a row, the exit that lost longest ago first. */
  readonly #lost = new Map<string, number>();

  /** How many exits are remembered. */
  get size(): number {
    return this.#lost.size;
  }

  /** Notes that `exit` lost. True if it has lost so often in a row that it counts as failed; counting then begins anew. */
  note(exit: string): boolean {
    const times = (this.#lost.get(exit) ?? 0) + 1;
    this.#lost.delete(exit);
    if (times >= DISPATCH_LIMITS.racesLost.value) return true;
    this.#lost.set(exit, times);
    forgetOldest(this.#lost, TRUST_LIMITS.failures.value);
    return false;
  }

  /** Notes that `exit` answered. */
  noteAnswer(exit: string): void {
    this.#lost.delete(exit);
  }
}

/** The peer at fault when a try on `circuit` failed: the one that the error names, else the first hop that is gone, else the exit. */
export function failedPeer(circuit: Circuit, error: BywayError): string | undefined {
  const { peerId } = error.data;
  return typeof peerId === "string" ? peerId : (circuit.culprit ?? circuit.hops.at(-1)?.peerId);
}

/** The error with which a stream ended, if it did not end well. Node's errors of a broken connection become Byway's. */
export function streamEnd(
  { errored }: { readonly errored: Error | null },
  circuit: { readonly ended: boolean },
): BywayError | undefined {
  if (errored === null) return undefined;
  if (errored instanceof BywayError || systemCode(errored) === "") return toBywayError(errored);
  return circuit.ended
    ? new BywayError("ERR_HOP_LOST", "the circuit broke while the stream was open", { cause: errored })
    : new BywayError("ERR_TARGET_RESET", "the exit reset the stream, as it does when the target has", {
        cause: errored,
      });
}
