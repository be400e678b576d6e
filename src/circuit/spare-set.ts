import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitRequest, PathSelector } from "./circuit-request.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The part of a request that chooses hops. */
export type Chooser = Pick<CircuitRequest, "choose">;

/** The components of a set of spares. */
export interface SpareSetComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Builds a circuit through the hops that `choose` names. */
  readonly build: (choose: PathSelector) => Promise<Circuit>;
}

/**
 * The spare circuits for one set of constraints: built ahead of need, and used by no group yet.
 *
 * It holds as many as were taken in the last minute, at least one, if these constraints were asked for within `demandMs`.
 */
export class SpareSet {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #build: (choose: PathSelector) => Promise<Circuit>;
  readonly #most: number;
  readonly #spares = new Set<Circuit>();
  /** The last request for these constraints, which chooses the hops of the next spares. */
  #asker: Chooser;
  /** The exits of the circuits built last. The next one should have another exit. */
  #lastExits: readonly PeerId[] = [];
  #building = 0;
  #askedMs: number;
  /** When circuits were taken within the last minute. */
  #takenMs: number[] = [];
  #pauseMs = 0;
  #notBeforeMs = 0;
  #closed = false;

  /** `most` circuits are held at the most. */
  constructor(components: SpareSetComponents, options: { most: number; asker: Chooser }) {
    this.#most = options.most;
    this.#asker = options.asker;
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#build = components.build;
    this.#askedMs = components.clock.monotonicMs();
  }

  /** Circuits held or being built. */
  get size(): number {
    return this.#spares.size + this.#building;
  }

  /** Whether nobody has asked for a while. */
  get forgotten(): boolean {
    return this.#clock.monotonicMs() - this.#askedMs >= CIRCUIT_LIMITS.demandMs.value;
  }

  /** Notes a request for these constraints: `asker` chooses the hops of what is built ahead from now on. */
  ask(asker: Chooser): void {
    this.#asker = asker;
    this.#askedMs = this.#clock.monotonicMs();
  }

  /** Hands over a circuit that `fits`; undefined when there is none. The caller owns it. */
  take(fits: (circuit: Circuit) => boolean): Circuit | undefined {
    const nowMs = this.#clock.monotonicMs();
    this.#takenMs = this.#takenMs.filter((atMs) => nowMs - atMs < 60_000);
    if (this.#takenMs.length < this.#most) this.#takenMs.push(nowMs);
    for (const circuit of this.#spares) {
      if (!circuit.usable || !fits(circuit)) continue;
      this.#spares.delete(circuit);
      this.#pauseMs = 0;
      return circuit;
    }
    return undefined;
  }

  /** Takes over a circuit that nobody needs if there is `room` for it. False if there is none: the caller still owns it. */
  adopt(circuit: Circuit, room: number): boolean {
    if (this.#closed || this.size >= this.#most || room <= 0 || !circuit.usable) return false;
    this.#keep(circuit);
    return true;
  }

  /** Ends the circuits that go through `peer`. */
  leave(peer: string): void {
    for (const circuit of this.#spares) {
      if (!circuit.hops.some(({ peerId }) => peerId === peer)) continue;
      this.#spares.delete(circuit);
      circuit.destroy();
    }
  }

  /** Builds what is missing, as far as there is `room` for more. */
  restock(room: number): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#closed || this.forgotten || nowMs < this.#notBeforeMs) return;
    const taken = this.#takenMs.filter((atMs) => nowMs - atMs < 60_000).length;
    const wanted = Math.min(Math.max(1, taken), this.#most);
    for (let missing = Math.min(wanted - this.size, room); missing > 0; missing -= 1) void this.#buildOne();
  }

  /** Checks whether the exits still answer. The circuits of those that do not end. */
  check(): void {
    for (const circuit of this.#spares) void circuit.check();
  }

  /** Ends all circuits, those being built too when they are done. */
  close(): void {
    this.#closed = true;
    for (const circuit of this.#spares) circuit.destroy();
  }

  async #buildOne(): Promise<void> {
    this.#building += 1;
    try {
      const asker = this.#asker;
      this.#keep(await this.#build((hints) => asker.choose({ ...hints, avoid: this.#lastExits })));
    } catch (cause) {
      const { code, message } = toBywayError(cause);
      this.#pause();
      this.#logger.debug("no circuit could be built ahead", { code, reason: message, pauseMs: this.#pauseMs });
    } finally {
      this.#building -= 1;
    }
  }

  #keep(circuit: Circuit): void {
    if (this.#closed) {
      circuit.destroy();
      throw new BywayError("ERR_STOPPED", "nobody needs the circuit any more");
    }
    this.#spares.add(circuit);
    const exit = circuit.hops.at(-1)?.peerId;
    if (exit !== undefined) this.#lastExits = [...this.#lastExits, exit].slice(-CIRCUIT_LIMITS.circuitsPerGroup.value);
    void circuit.closed.then(() => {
      // An exit that ends circuits at once must not get a new one for each request.
      if (this.#spares.delete(circuit)) this.#pause();
    });
  }

  #pause(): void {
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, CIRCUIT_LIMITS.prebuildRetryMs.value), 60_000);
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#pauseMs;
  }
}
