import type { Timer } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { isUnprocessed } from "../link/unprocessed.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitPool } from "./circuit-pool.ts";
import type { CircuitRequest } from "./circuit-request.ts";
import { isDeclined, isPaced, restMs } from "./declined.ts";
import { failedPeer } from "./failed-peer.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { Patience } from "./patience.ts";

/** What tries of one stream work with. */
export interface CircuitTriesComponents<T> {
  readonly pool: CircuitPool;
  readonly use: (circuit: Circuit, signal: AbortSignal) => Promise<T>;
  /** Ends what a try opened after another one had won. */
  readonly release: (late: T) => void;
}

/** A try that runs. */
interface Try {
  readonly circuit: Circuit;
  readonly beganMs: number;
  /** Within which an answer is expected; undefined where nothing is known. */
  readonly hedgeMs: number | undefined;
  /** Takes it back when another one has won or its exit is silent. */
  readonly controller: AbortController;
  timer?: Timer;
}

/** The tries of one stream, one after another and at most two beside each other. `tryCircuits` says by which rules. */
export class CircuitTries<T> {
  readonly #components: CircuitTriesComponents<T>;
  readonly #request: CircuitRequest;
  readonly #result = Promise.withResolvers<T>();
  readonly #running = new Set<Try>();
  readonly #failed = new Set<string>();
  /** Peers that closed their link before they read the request. */
  readonly #closing = new Set<string>();
  readonly #patience: Patience;
  /** Ends the search for a second circuit. */
  readonly #over = new AbortController();
  #begun = 0;
  /** Tries that an exit ended because it took no more for now. */
  #paced = 0;
  #isHedging = false;
  #isDone = false;
  #first: BywayError | undefined;
  #refusal: BywayError | undefined;
  /** What the first exit said that declined the stream. */
  #declined: BywayError | undefined;
  /** Circuits whose exits are full or closed, and for how long; left once another one was found. */
  readonly #resting = new Map<Circuit, number>();
  #refusalTimer: Timer | undefined;

  constructor(components: CircuitTriesComponents<T>, request: CircuitRequest) {
    this.#components = components;
    this.#request = request;
    this.#patience = new Patience(components.pool, request);
    if (request.declined === undefined) return;
    const { exit, error } = request.declined;
    this.#declined = error;
    if (isPaced(error)) this.#patience.leave(exit);
    else if (isDeclined(error, request.group.session !== "")) this.#failed.add(exit);
    // A session keeps its exit, which has said its word.
    else this.#fail(error);
  }

  /** Runs them; to be called once. */
  run(): Promise<T> {
    if (!this.#isDone) void this.#next();
    return this.#result.promise;
  }

  async #next(): Promise<void> {
    const { pool } = this.#components;
    try {
      let circuit: Circuit;
      do circuit = await this.#patience.circuit(this.#failed);
      while (
        // Others who waited for the same circuit were quicker.
        circuit.usable &&
        circuit.room === 0
      );
      // Nobody would own what a try makes from here on.
      if (this.#isDone) return;
      // Where there is no other one, its circuit is kept: a new one would ask the same exit, and cost it more.
      for (const [full, ms] of this.#resting) pool.rest(full, ms);
      this.#resting.clear();
      this.#begin(circuit);
    } catch (cause) {
      // The failed peers were left out: why they failed is the better reason than why nobody else would do.
      const error = toBywayError(cause);
      const isFull = this.#declined !== undefined && isPaced(this.#declined);
      this.#fail(isOfSession(error) && !isFull ? error : (this.#declined ?? this.#first ?? error));
    }
  }

  #begin(circuit: Circuit): void {
    const { pool, use } = this.#components;
    const { hedgeMs, sendsBytes, signal } = this.#request;
    const givenMs = hedgeMs?.(circuit);
    const started: Try = {
      circuit,
      beganMs: pool.clock.monotonicMs(),
      hedgeMs: givenMs === undefined ? undefined : Math.max(givenMs, CIRCUIT_LIMITS.leastHedgeMs.value),
      controller: new AbortController(),
    };
    this.#begun += 1;
    this.#running.add(started);
    if (started.hedgeMs !== undefined) {
      if (this.#begun === 1) pool.streamHedges.earn();
      started.timer = pool.clock.after(started.hedgeMs, () => this.#slow(started));
    }
    // What cannot be raced needs no signal of its own.
    const until = hedgeMs === undefined || sendsBytes ? signal : AbortSignal.any([signal, started.controller.signal]);
    (async () => use(circuit, until))().then(
      (value) => this.#succeeded(started, value),
      (cause: unknown) => this.#ended(started, toBywayError(cause)),
    );
  }

  #succeeded(from: Try, value: T): void {
    if (!this.#running.has(from)) {
      this.#components.release(value);
      return;
    }
    this.#settle(from);
    if (this.#request.answersLater !== true) this.#components.pool.noteSuccess(from.circuit, from.beganMs);
    const { pool } = this.#components;
    for (const { circuit, beganMs, hedgeMs } of this.#running) {
      if (hedgeMs !== undefined && pool.clock.monotonicMs() - beganMs >= hedgeMs) pool.noteLostRace(circuit);
    }
    this.#finish();
    this.#result.resolve(value);
  }

  #ended(from: Try, error: BywayError): void {
    if (!this.#running.has(from)) return;
    this.#settle(from, error);
    if (isPaced(error)) this.#components.pool.noteDeclined(from.circuit, error);
    else if (error.kind === "target") this.#components.pool.noteTaken(from.circuit);
    if (this.#request.signal.aborted) this.#fail(error);
    else if (error.kind === "hop") this.#lost(from, error);
    else if (isPaced(error) && !this.#request.sendsBytes && !this.#patience.isOver) this.#leaveForNow(from, error);
    else if (this.#mayAskAnother(error)) this.#leave(from, error);
    else this.#refused(isDeclined(error, false) ? (this.#declined ?? error) : error);
  }

  get #mayBegin(): boolean {
    return this.#begun - this.#paced < CIRCUIT_LIMITS.attempts.value;
  }

  /** Whether another exit may take what this one does not, without anything of the app's going out twice. */
  #mayAskAnother(error: BywayError): boolean {
    const { sendsBytes, group } = this.#request;
    return !sendsBytes && this.#mayBegin && isDeclined(error, group.session !== "");
  }

  #leave({ circuit }: Try, error: BywayError): void {
    this.#declined ??= error;
    const exit = circuit.hops.at(-1)?.peerId;
    if (exit !== undefined) this.#failed.add(exit);
    // A paced exit keeps its circuit: its next turn comes soon.
    const ms = isPaced(error) ? undefined : restMs(error);
    if (ms !== undefined) this.#resting.set(circuit, ms);
    if (this.#running.size > 0 || this.#isHedging) return;
    if (this.#refusal !== undefined) this.#fail(this.#refusal);
    else void this.#next();
  }

  /** The exit takes no more for now: others are asked, and it is waited for where there are none. */
  #leaveForNow({ circuit }: Try, error: BywayError): void {
    this.#declined ??= error;
    const exit = circuit.hops.at(-1)?.peerId;
    if (exit !== undefined) this.#patience.leave(exit);
    this.#paced += 1;
    if (this.#running.size > 0 || this.#isHedging) return;
    if (this.#refusal !== undefined) this.#fail(this.#refusal);
    else void this.#next();
  }

  #refused(error: BywayError): void {
    this.#refusal ??= error;
    const refusal = this.#refusal;
    const [other] = this.#running;
    const { clock } = this.#components.pool;
    const leftMs = other?.hedgeMs === undefined ? 0 : other.beganMs + other.hedgeMs - clock.monotonicMs();
    if (leftMs <= 0) this.#fail(refusal);
    else this.#refusalTimer = clock.after(leftMs, () => this.#fail(refusal));
  }

  #lost({ circuit }: Try, error: BywayError): void {
    const culprit = failedPeer(circuit, error);
    const isUnread = isUnprocessed(error);
    this.#first ??= error;
    if (isUnread && culprit !== undefined && !this.#closing.has(culprit)) {
      // It closed an idle link in this moment, as any hop may: it is no failure, and its next link will do.
      this.#closing.add(culprit);
      circuit.close();
    } else {
      this.#components.pool.retire(circuit, culprit, error.code);
      if (culprit !== undefined) this.#failed.add(culprit);
    }
    if (this.#running.size > 0) return;
    const mayHaveGone = this.#request.sendsBytes && !isUnread;
    if (this.#refusal !== undefined) this.#fail(this.#refusal);
    else if (error.retry === "never" || mayHaveGone || !this.#mayBegin) this.#fail(this.#declined ?? error);
    else if (!this.#isHedging) void this.#next();
  }

  /** The answer is late: is the exit there, and is another one quicker? */
  #slow(late: Try): void {
    const { pool } = this.#components;
    const { hedgeMs } = late;
    if (hedgeMs === undefined) return;
    const askMs = Math.min(Math.max(hedgeMs, CIRCUIT_LIMITS.leastAnswerMs.value), CIRCUIT_LIMITS.checkMs.value);
    void pool.suspect(late.circuit, askMs).then((isSilent) => {
      if (isSilent) this.#silent(late);
    });
    if (this.#mayHedge() && pool.streamHedges.spend())
      this.#hedge(late).catch((cause: unknown) => this.#fail(toBywayError(cause)));
  }

  /** What sends bytes of the app's waits for the end of the circuit: it cannot be tried again, so nothing is won sooner. */
  #silent(late: Try): void {
    if (this.#request.sendsBytes || !this.#running.has(late)) return;
    const data = { peerId: late.circuit.culprit };
    const error = new BywayError("ERR_HOP_TIMEOUT", "the exit no longer answers", { data });
    this.#ended(late, error);
    late.controller.abort(error);
  }

  #mayHedge(): boolean {
    const { sendsBytes, group } = this.#request;
    const isAlone = this.#running.size === 1 && !this.#isHedging && this.#refusal === undefined;
    return isAlone && !sendsBytes && group.session === "" && this.#mayBegin;
  }

  async #hedge({ circuit: slow }: Try): Promise<void> {
    const { pool } = this.#components;
    const exit = slow.hops.at(-1);
    const failed = new Set([...this.#failed, ...(exit === undefined ? [] : [exit.peerId])]);
    this.#isHedging = true;
    const signal = AbortSignal.any([this.#request.signal, this.#over.signal]);
    const second = await pool.circuit(this.#request, failed, signal).catch(() => undefined);
    this.#isHedging = false;
    const isFree = !this.#isDone && second !== undefined && second.room > 0 && this.#patience.takeNow(second);
    if (isFree) return this.#begin(second);
    pool.streamHedges.refund();
    // The first has failed meanwhile, and waited for this one.
    if (!this.#isDone && this.#running.size === 0) await this.#next();
  }

  /** Takes a try out of those that run, and tells of it. */
  #settle(from: Try, error?: BywayError): void {
    from.timer?.cancel();
    this.#running.delete(from);
    const ms = this.#components.pool.clock.monotonicMs() - from.beganMs;
    this.#request.onAttempt?.({ circuit: from.circuit, ms, ...(error === undefined ? {} : { error }) });
  }

  #fail(error: BywayError): void {
    if (this.#isDone) return;
    this.#finish();
    this.#result.reject(error);
  }

  #finish(): void {
    this.#isDone = true;
    this.#refusalTimer?.cancel();
    const reason = new BywayError("ERR_ABORTED", "another circuit was quicker");
    this.#over.abort(reason);
    for (const loser of this.#running) {
      this.#settle(loser, reason);
      loser.controller.abort(reason);
    }
  }
}

/** Whether it says that a session has no exit any more, which the app is to know rather than what brought it about. */
function isOfSession({ code }: BywayError): boolean {
  return code === "ERR_SESSION_EXIT" || code === "ERR_SESSION_ENDED";
}
