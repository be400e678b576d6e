import type { Clock } from "../core/clock.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import type { Circuit } from "./circuit.ts";
import type { IsolationGroup } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** Whether an open circuit can carry a stream, as far as its hops are concerned. */
export type Suits = (circuit: Circuit) => boolean;

/** The circuits of one isolation group: one exit for all its streams as long as it fits, or several that take turns. */
export class CircuitGroup {
  readonly isolation: IsolationGroup;
  /** The circuits that are being built for this group, newest last. */
  readonly building: Promise<Circuit>[] = [];
  readonly #clock: Clock;
  /** Newest last. */
  readonly #circuits: Circuit[] = [];
  /** When each became the group's. */
  readonly #sinceMs = new WeakMap<Circuit, number>();
  /** The turn at which each served last. */
  readonly #served = new WeakMap<Circuit, number>();
  #turn = 0;
  #pace: TokenBucket | undefined;
  #usedMs = 0;
  #noSuccessorUntilMs = 0;

  constructor(components: { clock: Clock }, isolation: IsolationGroup) {
    this.#clock = components.clock;
    this.isolation = isolation;
  }

  /** Circuits that take new streams. Circuits that only finish their streams are not counted. */
  get size(): number {
    return this.#circuits.filter(({ usable }) => usable).length;
  }

  /** Whether it has as many circuits as it may, including those being built. */
  get full(): boolean {
    return this.size + this.building.length >= CIRCUIT_LIMITS.circuitsPerGroup.value;
  }

  /** Whether it was not used for a while and has no open circuits. */
  get forgotten(): boolean {
    const idle = this.#clock.monotonicMs() - this.#usedMs >= CIRCUIT_LIMITS.demandMs.value;
    return idle && this.#circuits.length === 0 && this.building.length === 0;
  }

  /** How fast it may take fresh circuits when it rotates. */
  get pace(): TokenBucket {
    this.#pace ??= new TokenBucket({
      perSecond: CIRCUIT_LIMITS.rotationsPerSecond.value,
      burst: CIRCUIT_LIMITS.rotationBurst.value,
    });
    return this.#pace;
  }

  /** Whether a circuit may be built ahead: none failed recently, or brought an exit that the group has. */
  get mayPrepare(): boolean {
    return this.#clock.monotonicMs() >= this.#noSuccessorUntilMs;
  }

  /** Notes that a fresh circuit had an exit that the group has already: there may be no other exits. */
  noteNoNews(): void {
    this.#pauseFor(CIRCUIT_LIMITS.sameExitMs.value);
  }

  /** Whether another circuit should be made ready beside `current`. */
  wantsSuccessor(current: Circuit): boolean {
    if (this.building.length > 0 || this.full || !this.mayPrepare) return false;
    return this.#worn(current) || current.room < current.streams / 3;
  }

  /** Notes that none could be built, so that not each stream tries it again. */
  noteNoSuccessor(): void {
    this.#pauseFor(CIRCUIT_LIMITS.prebuildRetryMs.value);
  }

  /** Notes that it is in use. */
  use(): void {
    this.#usedMs = this.#clock.monotonicMs();
  }

  /** Notes that `circuit` takes a stream. */
  serve(circuit: Circuit): Circuit {
    this.#turn += 1;
    this.#served.set(circuit, this.#turn);
    return circuit;
  }

  /** The exit that further circuits should have, so that more streams than one link takes do not change the exit. */
  pinned(suits: Suits): PeerId | undefined {
    const held = this.#circuits.findLast((circuit) => circuit.usable && suits(circuit) && !this.#worn(circuit));
    return held === undefined ? undefined : exitOf(held);
  }

  /** The newest circuit that suits and has room; a worn one only if there is no other. */
  current(suits: Suits): Circuit | undefined {
    const open = this.#circuits.filter((circuit) => isOpen(circuit) && suits(circuit));
    return open.findLast((circuit) => !this.#worn(circuit)) ?? open.at(-1);
  }

  /** The exits of the circuits that take streams. */
  get exits(): readonly PeerId[] {
    return this.#circuits.flatMap((circuit) => (circuit.usable ? (exitOf(circuit) ?? []) : []));
  }

  /** Whether the circuit adds a new exit, or one that the group has used for over a minute. */
  brings(circuit: Circuit): boolean {
    const sinceMs = this.#clock.monotonicMs() - CIRCUIT_LIMITS.sameExitMs.value;
    return !this.#circuits.some(
      (held) =>
        exitOf(held) === exitOf(circuit) &&
        isOpen(held) &&
        (this.#sinceMs.get(held) ?? 0) >= sinceMs &&
        !this.#worn(held),
    );
  }

  /**
   * A circuit to the exit whose turn it is: the one that `waitMs` says is free soonest, and of those the one that has not served
   * yet, or longest ago. Several to one exit are filled one after another.
   */
  next(suits: Suits, waitMs?: (exit: PeerId) => number): Circuit | undefined {
    const open = this.#circuits.filter((circuit) => isOpen(circuit) && suits(circuit));
    const fresh = open.filter((circuit) => !this.#worn(circuit));
    const among = fresh.length > 0 ? fresh : open;
    const turns = new Map<PeerId | undefined, number>();
    for (const circuit of among) {
      const exit = exitOf(circuit);
      turns.set(exit, Math.max(turns.get(exit) ?? 0, this.#served.get(circuit) ?? 0));
    }
    const waits = (exit: PeerId | undefined): number => (exit === undefined ? 0 : (waitMs?.(exit) ?? 0));
    const byTurn = [...turns].sort((a, b) => a[1] - b[1]);
    const [first] = waitMs === undefined ? byTurn : byTurn.sort((a, b) => waits(a[0]) - waits(b[0]));
    return first === undefined ? undefined : among.find((circuit) => exitOf(circuit) === first[0]);
  }

  /** Whether a spare circuit can be used; `exit` is the only one allowed, if given. */
  takes(circuit: Circuit, suits: Suits, exit: PeerId | undefined): boolean {
    return isOpen(circuit) && suits(circuit) && (exit === undefined || exitOf(circuit) === exit);
  }

  /** Makes room for one more by leaving the circuit that served longest ago of those that `leaves`; its streams finish. */
  makeRoom(leaves: Suits): boolean {
    const leaving = this.#circuits.filter((circuit) => circuit.usable && leaves(circuit));
    const served = leaving.filter((circuit) => this.#served.has(circuit));
    const left = this.#longestAgo(served.length > 0 ? served : leaving);
    left?.close();
    return left !== undefined;
  }

  add(circuit: Circuit): void {
    if (this.size >= CIRCUIT_LIMITS.circuitsPerGroup.value) this.makeRoom(() => true);
    this.#circuits.push(circuit);
    this.#sinceMs.set(circuit, this.#clock.monotonicMs());
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

  #pauseFor(forMs: number): void {
    this.#noSuccessorUntilMs = Math.max(this.#noSuccessorUntilMs, this.#clock.monotonicMs() + forMs);
  }

  #longestAgo(circuits: readonly Circuit[]): Circuit | undefined {
    const turnOf = (circuit: Circuit): number => this.#served.get(circuit) ?? 0;
    return circuits.reduce<Circuit | undefined>(
      (oldest, circuit) => (oldest === undefined || turnOf(circuit) < turnOf(oldest) ? circuit : oldest),
      undefined,
    );
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

function exitOf(circuit: Circuit): PeerId | undefined {
  return circuit.hops.at(-1)?.peerId;
}

function isOpen(circuit: Circuit): boolean {
  return circuit.usable && circuit.room > 0;
}
