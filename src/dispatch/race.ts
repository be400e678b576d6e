import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import { isDeclined, isPaced, restMs } from "../circuit/declined.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { isUnprocessed } from "../link/unprocessed.ts";
import type { CircuitOutcomes } from "./circuit-outcomes.ts";
import { failedPeer } from "./failed-peer.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { Patience } from "./patience.ts";
import type { RaceRequest } from "./race-request.ts";

/** What streams are tried with. */
export interface RaceComponents {
  readonly pool: Pick<CircuitPool, "circuit">;
  readonly outcomes: CircuitOutcomes;
  readonly clock: Clock;
}

/** The same for one stream. */
interface RaceUse<T> extends RaceComponents {
  readonly use: (circuit: Circuit, signal: AbortSignal) => Promise<T>;
  /** Ends what a try opened after another one had won. */
  readonly release: (late: T) => void;
}

/**
 * Runs `use` on a circuit, and on another one as long as a hop is at fault and no bytes of the app's may have gone out. They have
 * not if the hop provably did not read the request (`isUnprocessed`); the hop keeps its good name the first time.
 * A circuit on which it failed takes no new streams. Throws the first error when no other circuit can be had, else the last;
 * what a session's chooser throws (ERR_SESSION_*) comes before both.
 *
 *     use ── answer in time ─► result
 *      └ none within hedgeMs ─► the exit is asked for a sign of life ── silent ─► as if it had failed
 *              └─► a second circuit of another exit is tried beside it; the first success is the result
 *
 * A second one is tried within the budget, never for a session (it keeps its exit) nor when bytes of the app's go out.
 * `signal` of the one that lost aborts, and what it opens late goes to `release`, which ends it.
 *
 * An exit that declines (its policy closes the target, it is full or closed) keeps its good name, and another one is asked,
 * except in a session, which stays with its exit as long as that is open. Where all decline, the first one's words are thrown.
 *
 * A refusal by the target is final: another exit would mostly hear the same. Only a try that is running already
 * is waited for, as long as its own history allows; then the refusal is thrown.
 */
export function race<T>(
  components: RaceComponents,
  request: RaceRequest,
  use: (circuit: Circuit, signal: AbortSignal) => Promise<T>,
  release: (late: T) => void = () => {},
): Promise<T> {
  return new Race({ ...components, use, release }, request).run();
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

/** The tries of one stream, one after another and at most two beside each other. `race` says by which rules. */
class Race<T> {
  readonly #components: RaceUse<T>;
  readonly #request: RaceRequest;
  readonly #result = Promise.withResolvers<T>();
  readonly #running = new Set<Try>();
  readonly #failed = new Set<string>();
  /** Peers that closed their link before they read the request. */
  readonly #closing = new Set<string>();
  readonly #patience: Patience;
  /** Ends the search for a second circuit. */
  #over: AbortController | undefined;
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

  constructor(components: RaceUse<T>, request: RaceRequest) {
    this.#components = components;
    this.#request = request;
    this.#patience = new Patience(components, request);
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
    const { outcomes } = this.#components;
    try {
      let circuit: Circuit;
      // Of the pool's, once its exit's turn has come.
      do circuit = await this.#patience.circuit(this.#failed);
      while (
        // Others who waited for the same circuit were quicker.
        circuit.usable &&
        circuit.room === 0
      );
      // Nobody would own what a try makes from here on.
      if (this.#isDone) return;
      // Where there is no other one, its circuit is kept: a new one would ask the same exit, and cost it more.
      for (const [full, ms] of this.#resting) outcomes.rests(full, ms);
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
    const { outcomes, clock, use } = this.#components;
    const { sendsBytes, signal } = this.#request;
    const givenMs = this.#request.hedgeMs?.(circuit);
    const started: Try = {
      circuit,
      beganMs: clock.monotonicMs(),
      hedgeMs: givenMs === undefined ? undefined : Math.max(givenMs, CIRCUIT_LIMITS.leastHedgeMs.value),
      controller: new AbortController(),
    };
    this.#begun += 1;
    this.#running.add(started);
    if (started.hedgeMs !== undefined) {
      if (this.#begun === 1) outcomes.hedges.earn();
      started.timer = clock.after(started.hedgeMs, () => this.#slow(started));
    }
    // What cannot be raced needs no signal of its own.
    const until =
      this.#request.hedgeMs === undefined || sendsBytes ? signal : AbortSignal.any([signal, started.controller.signal]);
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
    const { outcomes, clock } = this.#components;
    if (this.#request.answersLater !== true) outcomes.answered(from.circuit, from.beganMs);
    for (const { circuit, beganMs, hedgeMs } of this.#running) {
      if (hedgeMs !== undefined && clock.monotonicMs() - beganMs >= hedgeMs) outcomes.lostRace(circuit);
    }
    this.#finish();
    this.#result.resolve(value);
  }

  #ended(from: Try, error: BywayError): void {
    if (!this.#running.has(from)) return;
    this.#settle(from, error);
    if (isPaced(error)) this.#components.outcomes.declined(from.circuit, error);
    else if (error.kind === "target") this.#components.outcomes.taken(from.circuit);
    if (this.#request.signal.aborted) this.#fail(error);
    else if (error.kind === "hop") this.#lost(from, error);
    else if (isPaced(error) && !this.#request.sendsBytes && !this.#patience.isOver) this.#leaveForNow(from, error);
    else if (this.#mayAskAnother(error)) this.#leave(from, error);
    else this.#refused(isDeclined(error, false) ? (this.#declined ?? error) : error);
  }

  get #mayBegin(): boolean {
    return this.#begun - this.#paced < DISPATCH_LIMITS.attempts.value;
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
    this.#askAnother();
  }

  /** The exit takes no more for now: others are asked, and it is waited for where there are none. */
  #leaveForNow({ circuit }: Try, error: BywayError): void {
    this.#declined ??= error;
    const exit = circuit.hops.at(-1)?.peerId;
    if (exit !== undefined) this.#patience.leave(exit);
    this.#paced += 1;
    this.#askAnother();
  }

  /** Tries another circuit once no try and no search for one runs, unless a target has refused the stream. */
  #askAnother(): void {
    if (this.#running.size > 0 || this.#isHedging) return;
    if (this.#refusal !== undefined) this.#fail(this.#refusal);
    else void this.#next();
  }

  #refused(error: BywayError): void {
    this.#refusal ??= error;
    const refusal = this.#refusal;
    const [other] = this.#running;
    const { clock } = this.#components;
    const leftMs = other?.hedgeMs === undefined ? 0 : other.beganMs + other.hedgeMs - clock.monotonicMs();
    if (leftMs <= 0) this.#fail(refusal);
    else this.#refusalTimer = clock.after(leftMs, () => this.#fail(refusal));
  }

  #lost({ circuit }: Try, error: BywayError): void {
    const culprit = failedPeer(circuit, error);
    const isUnread = isUnprocessed(error);
    this.#first ??= error;
    if (isUnread && culprit !== undefined && !this.#closing.has(culprit)) {
      // A hop may close an idle link just before a request comes. That is no failure: try its next link.
      this.#closing.add(culprit);
      circuit.close();
    } else {
      this.#components.outcomes.failed(circuit, culprit, error.code);
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
    const { outcomes } = this.#components;
    const { hedgeMs } = late;
    if (hedgeMs === undefined) return;
    const askMs = Math.min(Math.max(hedgeMs, DISPATCH_LIMITS.leastAnswerMs.value), CIRCUIT_LIMITS.checkMs.value);
    void outcomes.suspect(late.circuit, askMs).then((isSilent) => {
      if (isSilent) this.#silent(late);
    });
    if (this.#mayHedge() && outcomes.hedges.spend())
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
    const { pool, outcomes } = this.#components;
    const exit = slow.hops.at(-1);
    const failed = new Set([...this.#failed, ...(exit === undefined ? [] : [exit.peerId])]);
    this.#isHedging = true;
    this.#over = new AbortController();
    const signal = AbortSignal.any([this.#request.signal, this.#over.signal]);
    const second = await pool.circuit(this.#request, failed, signal).catch(() => undefined);
    this.#isHedging = false;
    const isFree = !this.#isDone && second !== undefined && second.room > 0 && this.#patience.takeNow(second);
    if (isFree) return this.#begin(second);
    outcomes.hedges.refund();
    // The first has failed meanwhile, and waited for this one.
    if (!this.#isDone && this.#running.size === 0) await this.#next();
  }

  /** Takes a try out of those that run, and tells of it. */
  #settle(from: Try, error?: BywayError): void {
    from.timer?.cancel();
    this.#running.delete(from);
    const ms = this.#components.clock.monotonicMs() - from.beganMs;
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
    // Most streams are tried once.
    if (this.#running.size === 0 && this.#over === undefined) return;
    const reason = new BywayError("ERR_ABORTED", "another circuit was quicker");
    this.#over?.abort(reason);
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
