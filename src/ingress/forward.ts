import type { Duplex } from "node:stream";
import { abortReason } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { endStream } from "../flow/end-stream.ts";
import { type AnswerHead, answerBody, answerHeadCollector, hasNoBody, parseAnswerHead } from "../http1/answer-head.ts";
import { listOf, valuesOf } from "../http1/fields.ts";
import { protocolError } from "../http1/lenient-fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { AppAnswer } from "./app-answer.ts";
import { HUNG_UP } from "./app-socket-reader.ts";
import { encodeLastChunk } from "./body-target.ts";
import { logsConnectionIn, offersConnectionLogin } from "./connection-login.ts";
import { encodeForwarded, isRepeatable } from "./forwarded-request.ts";
import { endToEndTrailers } from "./hop-by-hop.ts";
import { type AbsoluteForm, hasBody, VIA_NAME } from "./http-request.ts";
import { keepAliveHintMs } from "./keep-alive-hint.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { type BodyEnd, MessageBody, type MessageBodyComponents } from "./message-body.ts";
import { readHead } from "./message-head.ts";
import { reportedFields } from "./reported-fields.ts";
import type { StreamRequest } from "./stream-opener.ts";
import { cutError, targetError } from "./target-error.ts";
import { targetFields, targetTrailers } from "./target-fields.ts";
import type { Upstream, UpstreamPool } from "./upstream-pool.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/** A connection to the target that has changed its protocol. */
export interface Switched {
  readonly head: AnswerHead;
  readonly upstream: Upstream;
}

/** What forwarding a request needs beside the request. */
export interface ForwardContext extends MessageBodyComponents {
  readonly clock: Clock;
  readonly pool: UpstreamPool;
  /** The body of the request. */
  readonly body: MessageBody;
  readonly meaning: UserNameMeaning;
  readonly to: AbsoluteForm;
  /** Aborts when the app went away, or may have no more. */
  readonly signal: AbortSignal;
  /** The protocols to ask the target to change to, as `Upgrade` names them. */
  readonly upgrade: string | undefined;
}

/**
 * Forwards one absolute-form request and its answer. Resolves when the answer is written, or with the connection to the target
 * when that has changed its protocol. Rejects when there is no answer, or it is cut short: then what was begun must not end
 * like a whole one.
 */
export function forward(
  request: RequestHead,
  answer: AppAnswer,
  context: ForwardContext,
): Promise<Switched | undefined> {
  return new Forwarding(request, answer, context).run();
}

class Forwarding {
  readonly #request: RequestHead;
  readonly #answer: AppAnswer;
  readonly #context: ForwardContext;
  /** Whether sending the request twice does what sending it once does (RFC 9110 §9.2.2). */
  readonly #repeatable: boolean;
  /** Waits for the exit's answer, so that where it declines another one is asked. */
  #isPatient = false;
  #declined: StreamRequest["declined"];
  #attemptsLeft: number = INGRESS_LIMITS.maxIdleUpstreams.value;
  #stream: Duplex | undefined;
  /** The target has asked for the body. */
  #isInvited = false;
  /** The target has the whole request. */
  #isSent = false;
  /** Why the request is not forwarded any more. */
  #failure: BywayError | undefined;

  constructor(request: RequestHead, answer: AppAnswer, context: ForwardContext) {
    this.#request = request;
    this.#answer = answer;
    this.#context = context;
    this.#repeatable = isRepeatable(request);
  }

  async run(): Promise<Switched | undefined> {
    const { signal } = this.#context;
    const onAbort = (): void => this.#fail(abortReason(signal));
    if (signal.aborted) throw abortReason(signal);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        const upstream = await this.#upstream();
        try {
          return await this.#exchange(upstream);
        } catch (cause) {
          abortStream(upstream.stream);
          this.#context.body.stop();
          if (this.#failure !== undefined) throw this.#failure;
          await this.#prepareAgain(upstream, toError(cause));
        }
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #streamRequest(): StreamRequest {
    const { meaning, to } = this.#context;
    const { user, constraints } = meaning;
    // What may be sent again need not wait to see whether the exit takes it.
    const optimistic = this.#repeatable && !this.#isPatient;
    return { target: to.target, user, constraints, optimistic, declined: this.#declined };
  }

  async #upstream(): Promise<Upstream> {
    const { pool, signal } = this.#context;
    const request = this.#streamRequest();
    const terms = { isRepeatable: this.#repeatable, logsIn: logsConnectionIn(this.#request.headers) };
    const upstream = pool.take(request, terms) ?? (await pool.open(request, signal).catch(rethrow));
    this.#stream = upstream.stream;
    if (signal.aborted) abortStream(upstream.stream);
    return upstream;
  }

  async #exchange(upstream: Upstream): Promise<Switched | undefined> {
    const { clock, pool } = this.#context;
    const sentMs = clock.monotonicMs();
    this.#send(upstream);
    const head = await this.#finalHead(upstream);
    const answeredInMs = clock.monotonicMs() - sentMs;
    if (head.status === 101) return { head, upstream };
    this.#begin(upstream, head);
    const body = new MessageBody(this.#context, upstream.source, answerBody(head, this.#request.method));
    const end = await this.#carry(body);
    if ("cut" in end) throw end.cut;
    this.#answer.end(this.#answer.takesTrailers ? targetTrailers(end.trailers).flat() : []);
    if (!this.#isSent) {
      this.#finishLater(upstream);
      return undefined;
    }
    const isLast = listOf(head.headers, "connection").includes("close") || !keepsOpen(head);
    if (isLast || !head.isClean || !body.isClean) pool.part(upstream);
    else
      pool.keep(upstream, this.#streamRequest(), {
        hintMs: keepAliveHintMs(head.headers, answeredInMs),
        isPinned: upstream.isPinned || logsConnectionIn(this.#request.headers),
        isOffered: offersConnectionLogin(head.status, head.headers),
      });
    return undefined;
  }

  #send({ stream }: Upstream): void {
    const { body, to, upgrade } = this.#context;
    const head = Buffer.from(encodeForwarded(this.#request, to, upgrade), "latin1");
    if (!hasBody(this.#request)) {
      this.#isSent = true;
      stream.write(head);
      return;
    }
    // The body, if it is there already, leaves with the head.
    stream.cork();
    process.nextTick(() => stream.uncork());
    stream.write(head);
    body.sendTo(stream, this.#request.isChunked, (end) => this.#onSent(stream, end));
  }

  #onSent(stream: Duplex, end: BodyEnd): void {
    if ("cut" in end) {
      const { cut } = end;
      const message = "the request ended before its body was whole";
      this.#fail(cut instanceof BywayError ? cut : new BywayError("ERR_REQUEST_MALFORMED", message, { cause: cut }));
      return;
    }
    this.#isSent = true;
    if (this.#request.isChunked && !stream.destroyed)
      stream.write(encodeLastChunk(endToEndTrailers(end.trailers).flat()));
    if (this.#answer.isWhole) endStream(stream, this.#context.clock, INGRESS_LIMITS.lingerMs.value);
  }

  /** Reads heads up to the final one, and passes the others on. */
  async #finalHead({ source }: Upstream): Promise<AnswerHead> {
    const { maxInterimAnswers, maxInterimBytes } = INGRESS_LIMITS;
    let bytes = 0;
    for (let interim = 0; interim <= maxInterimAnswers.value; interim += 1) {
      const lines = await readHead(source, answerHeadCollector(), cutError);
      if (lines === undefined) throw cutError();
      const head = parseAnswerHead(lines.lines, lines.isClean);
      if (head.status === 101) {
        if (this.#context.upgrade === undefined || listOf(head.headers, "upgrade").length === 0)
          throw protocolError("the target changed the protocol in a way that nobody asked for");
        return head;
      }
      if (head.status >= 200) return head;
      bytes += lines.bytes;
      if (bytes > maxInterimBytes.value)
        throw protocolError(`the target sent more than ${maxInterimBytes.value} bytes of interim answers`);
      // 100 is an answer to `Expect`; a target that says it unasked tells nobody anything.
      const isUnasked = head.status === 100 && valuesOf(this.#request.headers, "expect").length === 0;
      this.#isInvited ||= head.status === 100;
      if (!isUnasked) this.#answer.inform(head.status, head.reason, targetFields(head.headers, ["content-length"]));
      if (this.#answer.socket.writableNeedDrain) await drained(this.#answer.socket);
    }
    throw protocolError(`the target sent more than ${maxInterimAnswers.value} interim answers and no final one`);
  }

  #begin(upstream: Upstream, head: AnswerHead): void {
    if (head.status === 407) throw protocolError("the target answered 407, which only a proxy may send");
    const { method, headers } = this.#request;
    const isNone = hasNoBody(head.status, method);
    // A length in an answer that can have none misleads who reads on (RFC 9110 §8.6).
    const length = head.status === 204 ? undefined : head.length;
    const inChunks = !isNone && length === undefined && this.#request.version === "1.1";
    const sent = targetFields(head.headers, inChunks ? ["content-length"] : ["content-length", "trailer"]);
    sent.push("Via", `${head.version} ${VIA_NAME}`);
    const told = {
      ignored: this.#context.meaning.ignored,
      debug: wantsDebug(this.#request),
      reused: upstream.isReused,
    };
    sent.push(...reportedFields(upstream.opened, told));
    // After a final answer to a body that was never asked for, nobody can tell where the next request begins.
    const isRefused = !this.#isInvited && head.status >= 300;
    if (valuesOf(headers, "expect").length > 0 && (isRefused || !this.#context.body.isWhole))
      this.#answer.isLast = true;
    if (this.#context.upgrade !== undefined) this.#answer.isLast = true;
    this.#answer.begin({ status: head.status, reason: head.reason, headers: sent }, { length, isNone });
  }

  #carry(body: MessageBody): Promise<BodyEnd> {
    const { socket } = this.#answer;
    return new Promise((resolve) => {
      const gone = (): void => resolve({ cut: HUNG_UP });
      socket.once("close", gone);
      body.sendTo(socket, this.#answer.takesTrailers, (end) => {
        socket.off("close", gone);
        resolve(end);
      });
      if (socket.destroyed) gone();
    });
  }

  /** The target has answered and may still want the rest of the request; whoever serves the app bounds the time for it. */
  #finishLater({ stream, source }: Upstream): void {
    const { body, signal } = this.#context;
    source.release();
    stream.on("data", () => {}).resume();
    const discard = (): void => body.discard(() => {});
    stream.once("close", discard);
    if (stream.closed) discard();
    const cut = (): void => void (this.#isSent || abortStream(stream));
    signal.addEventListener("abort", cut, { once: true });
  }

  /** Returns when the request may be sent once more after `cause`; throws why it may not. */
  async #prepareAgain(upstream: Upstream, cause: Error): Promise<void> {
    const refusal = this.#answer.hasBegun ? undefined : await refusalOf(upstream);
    if (this.#failure !== undefined) throw this.#failure;
    const error = refusal ?? targetError(cause);
    const isDeclined = refusal?.kind === "policy" && !this.#isPatient;
    const anotherNode = refusal?.retry === "other-node" && (refusal.kind === "hop" || isDeclined);
    const isDead = upstream.isReused && error.code !== "ERR_TARGET_PROTOCOL";
    if (this.#answer.hasBegun || !this.#repeatable || this.#attemptsLeft === 0 || !(isDead || anotherNode)) throw error;
    this.#attemptsLeft -= 1;
    if (error.kind === "policy") {
      this.#isPatient = true;
      if (refusal !== undefined) this.#declined = { exit: upstream.opened.route.exit.peerId, error };
    }
  }

  #fail(error: BywayError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    if (this.#stream !== undefined) abortStream(this.#stream);
  }
}

/** Whether a request asks for the way that it took. */
export function wantsDebug({ headers }: RequestHead): boolean {
  return valuesOf(headers, "byway-debug").some((value) => value.trim() === "1");
}

/** Whether the target keeps its connection after this answer (RFC 9112 §9.3). */
function keepsOpen({ version, headers }: AnswerHead): boolean {
  return version === "1.1" || listOf(headers, "connection").includes("keep-alive");
}

/** Why the exit did not take a stream that was handed over before it had answered; that it broke says less. */
async function refusalOf({ opened }: Upstream): Promise<BywayError | undefined> {
  try {
    await opened.accepted;
    return undefined;
  } catch (refusal) {
    return toBywayError(refusal);
  }
}

/** Resolves when `stream` takes bytes again or is gone. */
export function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
    if (stream.destroyed) done();
  });
}

function rethrow(cause: unknown): never {
  throw toBywayError(cause);
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
