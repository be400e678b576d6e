import type { Clock } from "../core/clock.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Circuit } from "./circuit.ts";
import type { IsolationGroup } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The circuits of one isolation group: usually one, more while its streams outnumber what one link takes. */
export class CircuitGroup {
  readonly isolation: IsolationGroup;
  /** The circuit that is being built for this group. */
  building: Promise<Circuit> | undefined;
  readonly #clock: Clock;
  /** Newest last: that one takes the streams as long as it has room. */
  readonly #circuits: Circuit[] = [];
  /** When each became the group's. */
  readonly #sinceMs = new WeakMap<Circuit, number>();
  #exit: PeerId | undefined;
  #usedMs = 0;
  #noSuccessorUntilMs = 0;

  constructor(components: { clock: Clock }, isolation: IsolationGroup) {
    this.#clock = components.clock;
    this.isolation = isolation;
  }

  /** The exit that further circuits should have: a session keeps its exit, and so does a group that needs several circuits at once. */
  get exit(): PeerId | undefined {
    const crowded = this.#circuits.some((circuit) => circuit.usable && !this.#worn(circuit));
    return this.isolation.session !== "" || crowded ? this.#exit : undefined;
  }

  /** Circuits that take streams; those that only finish what they carry are not counted. */
  get size(): number {
    return this.#circuits.filter(({ usable }) => usable).length;
  }

  /** Whether it has as many circuits as it may. */
  get full(): boolean {
    return this.size >= CIRCUIT_LIMITS.circuitsPerGroup.value;
  }

  /** Whether nobody used it for a while and nothing of it is open. */
  get forgotten(): boolean {
    const idle = this.#clock.monotonicMs() - this.#usedMs >= CIRCUIT_LIMITS.demandMs.value;
    return idle && this.#circuits.length === 0 && this.building === undefined;
  }

  /** Whether another circuit should be made ready beside the current one. */
  get wantsSuccessor(): boolean {
    const newest = this.#circuits.at(-1);
    if (newest === undefined || this.building !== undefined || this.full) return false;
    if (this.#clock.monotonicMs() < this.#noSuccessorUntilMs) return false;
    return this.#worn(newest) || newest.room < newest.streams / 3;
  }

  /** Notes that none could be built, so that not every stream tries it again. */
  noteNoSuccessor(): void {
    this.#noSuccessorUntilMs = this.#clock.monotonicMs() + CIRCUIT_LIMITS.prebuildRetryMs.value;
  }

  /** Notes that it is in use. */
  use(): void {
    this.#usedMs = this.#clock.monotonicMs();
  }

  /** The newest circuit with room, without the peers in `failed`; a worn one only if there is no other. */
  current(failed: ReadonlySet<string>): Circuit | undefined {
    return (
      this.#circuits.findLast((circuit) => isOpen(circuit, failed) && !this.#worn(circuit)) ??
      this.#circuits.findLast((circuit) => isOpen(circuit, failed))
    );
  }

  /** Whether a circuit built ahead will do. */
  takes(circuit: Circuit, failed: ReadonlySet<string>): boolean {
    const { exit } = this;
    const fits = exit === undefined || failed.has(exit) || circuit.hops.at(-1)?.peerId === exit;
    return fits && !this.full && !this.#worn(circuit) && isOpen(circuit, failed);
  }

  add(circuit: Circuit): void {
    this.#circuits.push(circuit);
    this.#sinceMs.set(circuit, this.#clock.monotonicMs());
    this.#exit = circuit.hops.at(-1)?.peerId;
    void circuit.closed.then(() => {
      this.#circuits.splice(this.#circuits.indexOf(circuit), 1);
    });
  }

  /** Closes circuits that are worn and have a successor, or carry nothing; their streams finish. */
  closeWorn(): void {
    for (const circuit of this.#circuits) {
      const succeeded = this.#circuits.some((other) => other !== circuit && other.usable && !this.#worn(other));
      if (this.#worn(circuit) && (succeeded || circuit.streams === 0)) circuit.close();
    }
  }

  /** Closes all; their streams finish. */
  close(): void {
    for (const circuit of this.#circuits) circuit.close();
  }

  #worn(circuit: Circuit): boolean {
    const nowMs = this.#clock.monotonicMs();
    return (
      nowMs - (this.#sinceMs.get(circuit) ?? nowMs) >= CIRCUIT_LIMITS.circuitAgeMs.value ||
      circuit.bytes >= CIRCUIT_LIMITS.circuitBytes.value ||
      circuit.silentFailures >= CIRCUIT_LIMITS.silentFailures.value
    );
  }
}

function isOpen(circuit: Circuit, failed: ReadonlySet<string>): boolean {
  return (
    circuit.usable && circuit.room > 0 && !(failed.size > 0 && circuit.hops.some(({ peerId }) => failed.has(peerId)))
  );
}
