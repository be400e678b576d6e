import type { Circuit } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import { CIRCUIT_LIMITS } from "../circuit/limits.ts";
import { CLOSED, isPaced, restMs } from "../circuit/retry-wait.ts";
import { type LinkedAbort, linkedAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { isUnprocessed } from "../link/unprocessed.ts";
import { type CircuitOutcomes, failedPeer } from "./circuit-outcomes.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { Patience, type PatientRequest } from "./patience.ts";
import type { ProxyRequest } from "./proxy-request.ts";

/** The components of a race. */
export interface RaceComponents {
  readonly pool: Pick<CircuitPool, "find" | "build">;
  readonly outcomes: Pick<
    CircuitOutcomes,
    "hedges" | "paces" | "answered" | "taken" | "declined" | "rests" | "failed" | "lostRace" | "suspect"
  >;
  readonly clock: Clock;
}

/** The part of a request that its race reads. */
export type RacedRequest = PatientRequest &
  Pick<ProxyRequest, "sendsBytes" | "isOptimistic" | "declined" | "hedgeMs" | "judged" | "noteFailure">;

/** Opens something for a request on a circuit. Aborting `signal` takes it back. */
export type Use<R, T> = (circuit: Circuit, signal: AbortSignal, request: R) => Promise<T>;

/** The result of a race: what the winner opened, and its circuit. */
export interface Won<T> {
  readonly made: T;
  readonly circuit: Circuit;
  /** On the monotonic clock. */
  readonly beganMs: number;
}

/**
 * Opens `request` by `use` on one circuit after another, and resolves with what the winner opened.
 *
 *     use ── answer in time ─► result
 *      └ none within hedgeMs ─► the exit is pinged ── silent ─► it has failed
 *              └─► a second circuit to another exit is tried beside it; the first success is the result
 *
 * - **A hop fails.** Its circuit takes no new streams, and another circuit is tried if no bytes of the app may have gone out.
 *   A hop that provably did not read the request (`isUnprocessed`) got no bytes, and has not failed the first time.
 * - **An exit declines** (its policy closes the target, it is full or closed). It has not failed, and another exit is asked. A
 *   session keeps its exit unless that is closed. If all exits decline, the error is that of the first one.
 * - **The answer is late.** A second circuit is tried within the budget, but not for a session nor if bytes of the app go out.
 *   The signal of the loser aborts. A stream that it opens late goes to `release`, which ends it.
 * - **The target refuses.** The refusal is final, since most exits would get the same one. A try that runs already is waited
 *   for, as long as its own history allows.
 *
 * Rejects with the last error, or with the first one if no further circuit can be had. ERR_SESSION_* of the request's `choose`
 * comes before both.
 */
export function race<R extends RacedRequest, T>(
  components: RaceComponents,
  request: R,
  use: Use<R, T>,
  release: (late: T) => void = () => {},
): Promise<Won<T>> {
  return new Race(components, request, use, release).run();
}

/** Refusals by the rules, routes, software or price of one exit; the next exit may have others. */
const OTHERWISE: ReadonlySet<ErrorCode> = new Set([
  "ERR_PAYMENT_REQUIRED",
  "ERR_TARGET_NETWORK",
  "ERR_TARGET_UNREACHABLE",
  "ERR_REQUEST_TARGET",
]);

/**
 * Whether an exit that says `error` does nothing wrong, and another one may serve the request: its policy closes the target,
 * it is full, closed or wants money, or only this exit does not reach the target. A session keeps its exit, whose policy and
 * bounds are part of it, unless that is closed. Of policy errors the retry hint decides, which `judgeRefusal` may have set.
 */
export function isDeclined({ code, kind, retry }: BywayError, isSession: boolean): boolean {
  if (CLOSED.has(code)) return true;
  const isPolicy = kind === "policy" && retry === "other-node";
  return !isSession && (isPolicy || OTHERWISE.has(code));
}

/** A try that runs. */
interface Try {
  readonly circuit: Circuit;
  readonly beganMs: number;
  /** The time within which an answer is expected; undefined if nothing is known. */
  readonly hedgeMs: number | undefined;
  /** Takes it back when another one has won or its exit is silent. A try that is never raced needs none. */
  readonly controller: AbortController | undefined;
  timer?: Timer;
}

/** The tries of one stream, one after another and at most two beside each other. `race` has the rules. */
class Race<R extends RacedRequest, T> {
  readonly #components: RaceComponents;
  readonly #request: R;
  readonly #use: Use<R, T>;
  readonly #release: (late: T) => void;
  readonly #result = Promise.withResolvers<Won<T>>();
  readonly #running = new Set<Try>();
  readonly #failed = new Set<string>();
  /** Peers that closed their link before they read the request. */
  readonly #closing = new Set<string>();
  readonly #patience: Patience;
  /** Aborts the search for a second circuit. */
  #over: LinkedAbort | undefined;
  #begun = 0;
  /** Tries that failed because the exit takes no more for now. */
  #paced = 0;
  #isHedging = false;
  #isDone = false;
  #first: BywayError | undefined;
  #refusal: BywayError | undefined;
  /** The error of the first exit that declined the stream. */
  #declined: BywayError | undefined;
  /** Circuits whose exits are full or closed, and for how long. They are left when another circuit is found. */
  readonly #resting = new Map<Circuit, number>();
  #refusalTimer: Timer | undefined;

  constructor(components: RaceComponents, request: R, use: Use<R, T>, release: (late: T) => void) {
    this.#components = components;
    this.#request = request;
    this.#use = use;
    this.#release = release;
    this.#patience = new Patience(components, request);
    if (request.declined === undefined) return;
    const { exit, error } = request.declined;
    this.#declined = error;
    if (isPaced(error)) this.#patience.leave(exit);
    else if (isDeclined(error, request.group.session !== "")) this.#failed.add(exit);
    // A session keeps its exit, whose answer is final.
    else this.#fail(error);
  }

  /** Runs them; to be called once. */
  run(): Promise<Won<T>> {
    if (!this.#isDone) this.#next();
    return this.#result.promise;
  }

  /** The app takes its request back. */
  handleEvent(): void {
    for (const { controller } of this.#running) controller?.abort(this.#request.signal.reason);
  }

  /** Begins the next try: at once on a circuit that is open, else on one that must be waited for. */
  #next(): void {
    try {
      const circuit = this.#patience.circuit(this.#failed);
      if (circuit instanceof Promise) void this.#await(circuit);
      else this.#begin(circuit);
    } catch (cause) {
      this.#noCircuit(toBywayError(cause));
    }
  }

  async #await(first: Promise<Circuit>): Promise<void> {
    try {
      let circuit = await first;
      // Others that waited for the same circuit may have filled it.
      while (circuit.usable && circuit.room === 0) circuit = await this.#patience.circuit(this.#failed);
      // Nobody would own the stream of a try that begins now.
      if (!this.#isDone) this.#begin(circuit);
    } catch (cause) {
      this.#noCircuit(toBywayError(cause));
    }
  }

  /** The failed peers were left out: their failure is a better reason than that nobody else fits. */
  #noCircuit(error: BywayError): void {
    const isFull = this.#declined !== undefined && isPaced(this.#declined);
    this.#fail(isOfSession(error) && !isFull ? error : (this.#declined ?? this.#first ?? error));
  }

  #begin(circuit: Circuit): void {
    const { outcomes, clock } = this.#components;
    // Without another circuit, that of a full exit is kept: a new one would ask the same exit, and cost it more.
    for (const [full, ms] of this.#resting) outcomes.rests(full, ms);
    this.#resting.clear();
    const { sendsBytes, isOptimistic, signal } = this.#request;
    const givenMs = this.#request.hedgeMs(circuit);
    const started: Try = {
      circuit,
      beganMs: clock.monotonicMs(),
      hedgeMs: givenMs === undefined ? undefined : Math.max(givenMs, CIRCUIT_LIMITS.leastHedgeMs.value),
      controller: sendsBytes || isOptimistic ? undefined : new AbortController(),
    };
    this.#begun += 1;
    this.#running.add(started);
    if (started.hedgeMs !== undefined) {
      if (this.#begun === 1) outcomes.hedges.earn();
      started.timer = clock.after(started.hedgeMs, () => this.#slow(started));
    }
    if (signal.aborted) started.controller?.abort(signal.reason);
    else if (started.controller !== undefined) signal.addEventListener("abort", this);
    void this.#try(started);
  }

  async #try(started: Try): Promise<void> {
    const { circuit, controller } = started;
    let made: T;
    try {
      made = await this.#use(circuit, controller?.signal ?? this.#request.signal, this.#request);
    } catch (cause) {
      this.#ended(started, this.#request.judged(circuit, toBywayError(cause)));
      return;
    }
    this.#succeeded(started, made);
  }

  #succeeded(from: Try, made: T): void {
    if (!this.#running.has(from)) {
      this.#release(made);
      return;
    }
    this.#settle(from);
    const { outcomes, clock } = this.#components;
    if (!this.#request.isOptimistic) outcomes.answered(from.circuit, from.beganMs);
    for (const { circuit, beganMs, hedgeMs } of this.#running) {
      if (hedgeMs !== undefined && clock.monotonicMs() - beganMs >= hedgeMs) outcomes.lostRace(circuit);
    }
    this.#finish();
    this.#result.resolve({ made, circuit: from.circuit, beganMs: from.beganMs });
  }

  #ended(from: Try, error: BywayError): void {
    if (!this.#running.has(from)) return;
    this.#settle(from);
    this.#request.noteFailure(from.circuit, error);
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

  /** Whether another exit may take the stream, and no bytes of the app can go out twice. */
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

  /** The exit takes no more for now: others are asked, and if there are none, the stream waits for it. */
  #leaveForNow({ circuit }: Try, error: BywayError): void {
    this.#declined ??= error;
    const exit = circuit.hops.at(-1)?.peerId;
    if (exit !== undefined) this.#patience.leave(exit);
    this.#paced += 1;
    this.#askAnother();
  }

  /** Tries another circuit when no try and no search runs, unless a target has refused the stream. */
  #askAnother(): void {
    if (this.#running.size > 0 || this.#isHedging) return;
    if (this.#refusal !== undefined) this.#fail(this.#refusal);
    else this.#next();
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
    else if (!this.#isHedging) this.#next();
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
    if (this.#mayHedge() && outcomes.hedges.spend()) void this.#hedge(late);
  }

  /** A try that has sent bytes of the app's cannot be repeated, so it waits until the circuit ends. */
  #silent(late: Try): void {
    if (this.#request.sendsBytes || !this.#running.has(late)) return;
    const data = { peerId: late.circuit.culprit };
    const error = new BywayError("ERR_HOP_TIMEOUT", "the exit no longer answers", { data });
    this.#ended(late, error);
    late.controller?.abort(error);
  }

  #mayHedge(): boolean {
    const { sendsBytes, group } = this.#request;
    const isAlone = this.#running.size === 1 && !this.#isHedging && this.#refusal === undefined;
    return isAlone && !sendsBytes && group.session === "" && this.#mayBegin;
  }

  async #hedge({ circuit: slow }: Try): Promise<void> {
    const { outcomes } = this.#components;
    const exit = slow.hops.at(-1);
    const failed = new Set([...this.#failed, ...(exit === undefined ? [] : [exit.peerId])]);
    this.#isHedging = true;
    using over = linkedAbort(this.#request.signal);
    this.#over = over;
    const second = await this.#patience.take(failed, over.signal).catch(() => undefined);
    this.#isHedging = false;
    const isFree = !this.#isDone && second !== undefined && second.room > 0 && this.#patience.takeNow(second);
    if (isFree) return this.#begin(second);
    outcomes.hedges.refund();
    // The first try has failed meanwhile, and left the next one to this search.
    if (!this.#isDone && this.#running.size === 0) this.#next();
  }

  #settle(from: Try): void {
    from.timer?.cancel();
    this.#running.delete(from);
  }

  #fail(error: BywayError): void {
    if (this.#isDone) return;
    this.#finish();
    this.#result.reject(error);
  }

  #finish(): void {
    this.#isDone = true;
    this.#request.signal.removeEventListener("abort", this);
    this.#refusalTimer?.cancel();
    // Most streams are tried once.
    if (this.#running.size === 0 && this.#over === undefined) return;
    const reason = new BywayError("ERR_ABORTED", "another circuit was quicker");
    this.#over?.abort(reason);
    for (const loser of this.#running) {
      this.#settle(loser);
      loser.controller?.abort(reason);
    }
  }
}

/** Whether a session has lost its exit or ended. The app gets this error rather than its cause. */
function isOfSession({ code }: BywayError): boolean {
  return code === "ERR_SESSION_EXIT" || code === "ERR_SESSION_ENDED";
}
