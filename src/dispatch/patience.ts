import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import type { CircuitRequest, Fits } from "../circuit/circuit-request.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import type { Clock } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { CircuitOutcomes } from "./circuit-outcomes.ts";
import type { ExitPaces } from "./exit-paces.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import type { ProxyRequest } from "./proxy-request.ts";

/** The part of a request that patience reads. */
export type PatientRequest = CircuitRequest & Pick<ProxyRequest, "fits" | "signal">;

/** The pool's errors when there is no circuit to another exit. */
const NOBODY_ELSE: ReadonlySet<ErrorCode> = new Set(["ERR_NO_NODE", "ERR_LOCAL_LIMIT", "ERR_SESSION_EXIT"]);

/** The components of a stream's patience. */
export interface PatienceComponents {
  readonly pool: Pick<CircuitPool, "find" | "build">;
  readonly outcomes: Pick<CircuitOutcomes, "paces">;
  readonly clock: Clock;
}

/**
 * One stream's patience with exits that take no more for now. It finds the circuit for the next try of the stream, and waits
 * for its turn there.
 *
 *     circuit ─► its exit is free ─► go
 *        ▲          └ paced, its turn comes in time ─► wait, go
 *        │          └ paced, and not in time ─► leave it: others that fit ─► none left: its answer is the error
 *        └ refused all the same: leave it ─► others that fit ─► none left: all of them once more, while patience lasts
 *
 * A session waits for its exit, and leaves it when the patience is over and the exit takes nothing at all.
 */
export class Patience {
  readonly #pool: PatienceComponents["pool"];
  readonly #clock: Clock;
  readonly #paces: ExitPaces;
  readonly #request: PatientRequest;
  readonly #fits: Fits;
  /** Exits that take no more for now; undefined until there is one. */
  #left: Set<string> | undefined;
  #sinceMs: number | undefined;
  #tries = 0;
  #isOver = false;

  constructor({ pool, clock, outcomes }: PatienceComponents, request: PatientRequest) {
    this.#pool = pool;
    this.#clock = clock;
    this.#paces = outcomes.paces;
    this.#request = request;
    this.#fits = (exit) => request.fits(exit);
  }

  /** Whether the stream no longer waits: exits that take no more are left for good. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The exit takes no more for now. */
  leave(exit: string): void {
    this.#tries += 1;
    this.#sinceMs ??= this.#clock.monotonicMs();
    this.#left ??= new Set();
    this.#left.add(exit);
    if (this.#tries >= DISPATCH_LIMITS.pacedTries.value || this.#restMs <= 0) this.#isOver = true;
  }

  /** Takes a turn at the exit of `circuit`, if it is free now. */
  takeNow(circuit: Circuit): boolean {
    const exit = circuit.hops.at(-1)?.peerId;
    return exit === undefined || this.#paces.take(exit, "", 0) === 0;
  }

  /**
   * A circuit without the peers in `failed`, when the turn of its exit has come: at once if one is open and its exit is free.
   * Throws or rejects with the errors of the pool, or ERR_NODE_LIMIT.
   */
  circuit(failed: ReadonlySet<string>): Circuit | Promise<Circuit> {
    if (this.#left !== undefined && this.#left.size > 0) return this.#turn(failed, this.#next(failed));
    const open = this.#find(failed);
    if (open !== undefined && this.takeNow(open)) return open;
    return this.#turn(failed, open ?? this.#build(failed, this.#request.signal));
  }

  /** A circuit without the peers in `failed`, whatever the turn of its exit. Rejects with the errors of the pool. */
  async take(failed: ReadonlySet<string>, signal: AbortSignal = this.#request.signal): Promise<Circuit> {
    return this.#find(failed) ?? this.#build(failed, signal);
  }

  /** Waits for a turn at the exit of `first`, and of others after it. */
  async #turn(failed: ReadonlySet<string>, first: Circuit | Promise<Circuit>): Promise<Circuit> {
    const paces = this.#paces;
    for (let circuit = await first; ; circuit = await this.#next(failed)) {
      const exit = circuit.hops.at(-1)?.peerId;
      if (exit === undefined) return circuit;
      const owner = paces.isAnyPaced ? this.#owner : "";
      const waitMs = paces.take(exit, owner, Math.max(0, this.#restMs));
      if (waitMs === 0) return circuit;
      if (waitMs !== undefined) {
        this.#sinceMs ??= this.#clock.monotonicMs();
        const hasTurn = await paces.wait(waitMs, exit, owner, this.#request.signal);
        if (hasTurn && circuit.usable && circuit.room > 0) return circuit;
        // The circuit closed or filled up meanwhile: the turn serves the next stream, which may be this one.
        if (hasTurn) paces.giveBack(exit);
        continue;
      }
      if (this.#left?.has(exit) === true && this.#isOver) throw this.#noTurn([exit]);
      this.#isOver = true;
      this.leave(exit);
    }
  }

  get #isSession(): boolean {
    return this.#request.group.session !== "";
  }

  get #owner(): string {
    const { user, listener } = this.#request.group;
    return JSON.stringify([user, listener]);
  }

  get #restMs(): number {
    const { patienceMs } = CIRCUIT_LIMITS;
    if (this.#sinceMs === undefined) return patienceMs.value;
    return this.#sinceMs + patienceMs.value - this.#clock.monotonicMs();
  }

  /** A circuit of the pool's, to another exit than those that were left where there is one. */
  async #next(failed: ReadonlySet<string>): Promise<Circuit> {
    const left = this.#left;
    if (left === undefined || left.size === 0 || (this.#isSession && !this.#isOver)) return this.take(failed);
    // A session leaves an exit that takes nothing. One that takes others of its streams is only busy with them.
    const isBusy = this.#isSession && ![...left].some((exit) => this.#paces.takesNothing(exit));
    if (isBusy) throw this.#noTurn([...left]);
    try {
      return await this.take(new Set([...failed, ...left]));
    } catch (error) {
      if (!NOBODY_ELSE.has(toBywayError(error).code)) throw error;
      if (this.#isOver) throw this.#noTurn([...left]);
      left.clear();
      return this.take(failed);
    }
  }

  /** The error if no exit takes the stream: other streams wait there already, or all exits asked for a pause. */
  #noTurn(exits: readonly string[]): BywayError {
    const waitMs = Math.min(...exits.map((exit) => this.#paces.waitMs(exit)));
    const retryAfterSec = Math.max(1, Math.ceil(waitMs / 1_000));
    const why = exits.some((exit) => this.#paces.isAwaited(exit))
      ? "other streams wait for them already"
      : "they asked for a pause";
    const message = `the exits that fit take no more streams for now: ${why}`;
    return new BywayError("ERR_NODE_LIMIT", message, { data: { by: "pace", retryAfterSec } });
  }

  #find(failed: ReadonlySet<string>): Circuit | undefined {
    return this.#pool.find(this.#request, { fits: this.#fits, failed });
  }

  #build(failed: ReadonlySet<string>, signal: AbortSignal): Promise<Circuit> {
    return this.#pool.build(this.#request, { fits: this.#fits, failed }, signal);
  }
}
