import type { Socket } from "node:net";
import type { Timer } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { FLOW_LIMITS } from "../flow/limits.ts";
import { valuesOf } from "../http1/fields.ts";
import { parseRequestHead, type RequestHead, requestBody, requestHeadCollector } from "../http1/request-head.ts";
import { encodeAnswer, encodeHead, errorAnswer } from "./answer.ts";
import { AppAnswer } from "./app-answer.ts";
import { AppSocketReader, HUNG_UP } from "./app-socket-reader.ts";
import { carry } from "./carry.ts";
import { endSocket } from "./end-socket.ts";
import { drained, type ForwardContext, forward, wantsDebug } from "./forward.ts";
import { forwardsLeft } from "./forwarded-request.ts";
import type { FrontComponents } from "./front.ts";
import {
  authenticate,
  checkMessage,
  parseAbsoluteForm,
  readAuthority,
  sentCredentials,
  targetOf,
} from "./http-request.ts";
import { lastHopAnswer } from "./last-hop-answer.ts";
import { leaseSocket, socketBytes } from "./lease-socket.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { MessageBody } from "./message-body.ts";
import { readHead } from "./message-head.ts";
import { MessageSource } from "./message-source.ts";
import { ownPage } from "./own-pages.ts";
import { refuse } from "./refuse.ts";
import { reportedFields } from "./reported-fields.ts";
import { carrySwitched, upgradeOf } from "./upgrade.ts";
import { UpstreamPool } from "./upstream-pool.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

const NOTHING = new Uint8Array(0);

/** A request that is being answered. */
interface Pending {
  readonly answer: AppAnswer;
  readonly broken: AbortController;
}

/**
 * One client connection of the HTTP front end. It answers one request after another; those that an app sends ahead wait
 * unread.
 *
 *     head ─► request ─► head … │ head ─► CONNECT or upgrade ─► stream │ head ─► malformed ─► 400
 */
export class HttpConnection {
  /** Resolves when the connection is closed and nothing of it is left. */
  readonly closed: Promise<void>;
  readonly #components: FrontComponents;
  readonly #socket: Socket;
  readonly #source: MessageSource;
  readonly #pool: UpstreamPool;
  #pending: Pending | undefined;
  /** When the app had said all of its request, by the monotonic clock. */
  #askedMs = 0;
  #timer: Timer | undefined;
  /** What requests before have answered for, of all that went over the connection. */
  #countedBytes = 0;

  constructor(components: FrontComponents, socket: Socket, first: Buffer) {
    this.#components = components;
    this.#socket = socket;
    this.#pool = new UpstreamPool(components);
    const over = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const events = { onEnd: () => this.#onHalfClose(), onGone: () => this.#pending?.broken.abort(HUNG_UP) };
    this.#source = new MessageSource(components, socket, events, first);
    const served = this.#serve();
    this.closed = over.then(async () => {
      this.#timer?.cancel();
      this.#pool.destroy();
      await served;
      this.#pool.destroy();
    });
  }

  async #serve(): Promise<void> {
    try {
      let isFirst = true;
      while (!this.#socket.destroyed && (await this.#next(isFirst))) isFirst = false;
    } catch (error) {
      this.#components.logger.error("a connection failed in an unforeseen way", {
        error: toBywayError(error).toJSON(),
      });
      abortStream(this.#socket);
    }
  }

  /** Reads and answers one request; whether there may be another one. */
  async #next(isFirst: boolean): Promise<boolean> {
    let head: RequestHead | undefined;
    try {
      head = await this.#readHead(isFirst);
    } catch (error) {
      if (this.#socket.destroyed) return false;
      const last = error instanceof BywayError ? encodeAnswer(errorAnswer(error)) : NOTHING;
      return this.#end(last);
    }
    if (head === undefined) return this.#end(NOTHING);
    this.#askedMs = this.#components.clock.monotonicMs();
    if (head.method !== "CONNECT") return this.#serveRequest(head);
    await this.#connect(head);
    return false;
  }

  /** The next head; undefined when the app wants no more, or has said nothing for long. Rejects when it is none. */
  async #readHead(isFirst: boolean): Promise<RequestHead | undefined> {
    const late = Promise.withResolvers<undefined>();
    const mustEnd = (): void =>
      this.#setTimer(INGRESS_LIMITS.headTimeoutMs.value, () =>
        late.reject(new BywayError("ERR_REQUEST_TIMEOUT", "the head of the request took too long")),
      );
    let isBegun = isFirst || this.#source.length > 0;
    if (isBegun) mustEnd();
    else this.#setTimer(INGRESS_LIMITS.keepAliveTimeoutMs.value, () => late.resolve(undefined));
    const onPart = (): void => {
      if (!isBegun) mustEnd();
      isBegun = true;
    };
    const cut = (): BywayError =>
      new BywayError("ERR_REQUEST_MALFORMED", "the app ended the connection in the middle of a request's head");
    const collector = requestHeadCollector(INGRESS_LIMITS.maxHeadBytes.value, INGRESS_LIMITS.maxFields.value);
    try {
      const collected = await Promise.race([readHead(this.#source, collector, cut, onPart), late.promise]);
      return collected === undefined ? undefined : parseRequestHead(collected.lines);
    } finally {
      this.#timer?.cancel();
    }
  }

  async #serveRequest(head: RequestHead): Promise<boolean> {
    const socket = this.#socket;
    const answer = new AppAnswer(socket, head);
    const broken = new AbortController();
    const over = Promise.withResolvers<void>();
    const body = new MessageBody(
      this.#components,
      this.#source,
      requestBody(head, INGRESS_LIMITS.maxHeadBytes.value, INGRESS_LIMITS.maxFields.value),
      () => {
        this.#askedMs = this.#components.clock.monotonicMs();
        over.resolve();
      },
    );
    this.#pending = { answer, broken };
    if (this.#source.isOver) this.#onHalfClose();
    if (socket.destroyed) broken.abort(HUNG_UP);
    try {
      await this.#answer(head, answer, body, broken);
      if (socket.destroyed) return false;
      if (!answer.isWhole) {
        abortStream(socket);
        return false;
      }
      if (answer.isLast) return await this.#end(NOTHING);
      if (!body.isOver) await this.#awaitRest(body, over.promise);
      if (body.cut !== undefined) return await this.#end(NOTHING);
      if (socket.writableNeedDrain) await drained(socket);
      return true;
    } finally {
      this.#timer?.cancel();
      this.#pending = undefined;
      broken.abort(HUNG_UP);
    }
  }

  async #answer(head: RequestHead, answer: AppAnswer, body: MessageBody, broken: AbortController): Promise<void> {
    // Whether the app sends the body that it asked leave for, nobody can tell once it has a final answer.
    const isUnsure = (): boolean => valuesOf(head.headers, "expect").length > 0 && !body.isWhole;
    try {
      const { target, method } = head;
      checkMessage(head);
      if (target.startsWith("/") || target === "*") {
        const { credentials, names } = this.#components;
        const asksForName = credentials.required || names.insists;
        const [host] = valuesOf(head.headers, "host");
        answer.give(ownPage(method, target, host, { socket: this.#socket, asksForName }), isUnsure());
        return;
      }
      const context = await this.#understand(head, broken.signal, body);
      using lease = this.#components.admit(context.meaning.user, this.#socket);
      if (forwardsLeft(head) === 0) {
        answer.give(lastHopAnswer(head), isUnsure());
        return;
      }
      const before = this.#countedBytes;
      lease.watch(
        () => socketBytes(this.#socket) - before,
        (reason) => broken.abort(reason),
      );
      const switched = await forward(head, answer, context);
      if (switched === undefined) return;
      this.#timer?.cancel();
      this.#pending = undefined;
      const app = { socket: this.#socket, source: this.#source, ignored: context.meaning.ignored };
      await carrySwitched(this.#components, head, app, switched);
    } catch (cause) {
      const error = toBywayError(cause);
      this.#components.logger.debug("a request was refused", { code: error.code, data: error.data });
      if (this.#socket.destroyed || answer.hasBegun || error.code === "ERR_ABORTED" || error.code === "ERR_STOPPED")
        return;
      const isLast = error.code === "ERR_REQUEST_MALFORMED" || body.cut !== undefined || isUnsure();
      answer.give(errorAnswer(error), isLast);
    } finally {
      this.#countedBytes = socketBytes(this.#socket);
    }
  }

  async #connect(head: RequestHead): Promise<void> {
    const socket = this.#socket;
    const reader = new AppSocketReader(this.#components, socket, this.#source.release());
    try {
      checkMessage(head);
      const { user, constraints, ignored } = await this.#identify(head, reader.gone);
      const target = readAuthority(head.target);
      using _lease = leaseSocket(this.#components.admit(user, socket), socket, this.#countedBytes);
      const early = reader.takeEarly();
      const asked = { target, user, constraints, early };
      const opened = await this.#components.opener.openStream(asked, reader.gone);
      const told = reportedFields(opened, { ignored, debug: wantsDebug(head), reused: false });
      const answer = encodeHead(200, told, "Connection established");
      await carry(this.#components, socket, reader, answer, opened.stream);
    } catch (error) {
      await refuse(this.#components, socket, reader, error, (why) => encodeAnswer(errorAnswer(why)));
    }
  }

  /** What a request asks for; throws what makes it unfit to be forwarded. */
  async #understand(head: RequestHead, signal: AbortSignal, body: MessageBody): Promise<ForwardContext> {
    const meaning = await this.#identify(head, signal);
    const { budget, clock } = this.#components;
    return {
      clock,
      pool: this.#pool,
      budget,
      body,
      meaning,
      to: parseAbsoluteForm(head),
      signal,
      upgrade: upgradeOf(head),
    };
  }

  /** Who asks. One who sends no password is told at once that one is needed: it is how programs find out. */
  async #identify(head: RequestHead, signal: AbortSignal): Promise<UserNameMeaning> {
    const { credentials, guesses, names, refusals } = this.#components;
    const sent = sentCredentials(head);
    const check = (): UserNameMeaning => authenticate(head, sent, credentials);
    const target = (): HostPort | undefined => targetOf(head);
    return refusals.watch({ userName: sent?.userName, target }, () => {
      const { method, target: url, version, headers } = head;
      names.checkHttp({ method, url, httpVersion: version, rawHeaders: headers }, sent, this.#socket);
      return credentials.required && sent !== undefined ? guesses.check(this.#socket, signal, check) : check();
    });
  }

  /** Waits for the end of a body that was answered before it had come. */
  async #awaitRest(body: MessageBody, over: Promise<void>): Promise<void> {
    this.#setTimer(INGRESS_LIMITS.lingerMs.value, () => abortStream(this.#socket));
    if (!body.isRead) body.discard(() => {});
    await over;
  }

  async #end(last: Uint8Array): Promise<false> {
    this.#source.release();
    await endSocket(this.#socket, last, this.#components.clock);
    return false;
  }

  /**
   * An app that says FIN right behind its request, as `nc -N` does, wants the answer (RFC 9112 §9.6 leaves it open, and
   * everything else is a lost answer). One that says it after it has waited, and before an answer has begun, has closed its
   * connection: TCP cannot tell the two apart, and what nobody waits for must not stay open at the target.
   */
  #onHalfClose(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const waitedMs = this.#components.clock.monotonicMs() - this.#askedMs;
    if (pending.answer.hasBegun || waitedMs <= INGRESS_LIMITS.halfCloseMs.value) this.#awaitProgress();
    else pending.broken.abort(HUNG_UP);
  }

  /**
   * A half-closed socket that is not written to never learns that its far side is gone, and an app that has gone looks like one
   * that waits. Writing nothing tells: the system asks the far side whether it is there, and refuses the write when it is not.
   */
  #awaitProgress(): void {
    const { clock } = this.#components;
    const socket = this.#socket;
    const lookMs = INGRESS_LIMITS.halfClosedLookMs.value;
    let { bytesWritten } = socket;
    let movedMs = clock.monotonicMs();
    socket.setKeepAlive(true, lookMs);
    this.#timer?.cancel();
    this.#timer = clock.every(lookMs, () => {
      const nowMs = clock.monotonicMs();
      if (socket.bytesWritten !== bytesWritten) movedMs = nowMs;
      bytesWritten = socket.bytesWritten;
      if (nowMs - movedMs >= FLOW_LIMITS.halfClosedIdleMs.value) abortStream(socket);
      else if (socket.writableLength === 0 && socket.writable) socket.write(NOTHING);
    });
  }

  #setTimer(delayMs: number, run: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#components.clock.after(delayMs, run);
  }
}
