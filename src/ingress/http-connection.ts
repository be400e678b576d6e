import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { abortStream } from "../core/abort-stream.ts";
import type { Timer } from "../core/clock.ts";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import { CORE_LIMITS } from "../core/limits.ts";
import { parseAuthority } from "../wire/authority.ts";
import { encodeAnswer, encodeHead, errorAnswer, sendAnswer } from "./answer.ts";
import { AppSocketReader, HUNG_UP } from "./app-socket-reader.ts";
import { carry } from "./carry.ts";
import { endSocket } from "./end-socket.ts";
import { type ForwardContext, forward, wantsDebug } from "./forward.ts";
import type { FrontComponents } from "./front.ts";
import { leaseSocket, socketBytes } from "./lease-socket.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { MessageBody } from "./message-body.ts";
import { ownPage } from "./own-pages.ts";
import { authenticate, checkMessage, parseAbsoluteForm, sentCredentials } from "./proxy-request.ts";
import { refuse } from "./refuse.ts";
import { toldFields } from "./told-fields.ts";
import { upgrade } from "./upgrade.ts";
import { UpstreamAgent } from "./upstream-agent.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/**
 * One client connection of the HTTP front end. Node's server parses and calls; this serves one request after another.
 *
 *     head ─► request ─► head … │ head ─► CONNECT or upgrade ─► stream │ head ─► malformed ─► 400
 */
export class HttpConnection {
  /** Resolves when the connection is closed and nothing of it is left. */
  readonly closed: Promise<void>;
  readonly #components: FrontComponents;
  readonly #socket: Socket;
  readonly #agent: UpstreamAgent;
  /** The requests that are not answered yet. */
  readonly #pending = new Set<AbortController>();
  /** Of the requests that are not answered yet, those that wait for their turn included. */
  readonly #bodies = new Set<MessageBody>();
  /** Settles when all that came so far is served. */
  #served: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** The response that is being made. */
  #current: ServerResponse | undefined;
  #latest: { readonly request: IncomingMessage; readonly broken: AbortController } | undefined;
  #timer: Timer | undefined;
  #bytesBefore = -1;
  /** What requests before have answered for, of all that went over the connection. */
  #countedBytes = 0;
  #ending = false;

  constructor(components: FrontComponents, socket: Socket) {
    this.#components = components;
    this.#socket = socket;
    this.#agent = new UpstreamAgent(components);
    this.closed = new Promise<void>((resolve) => socket.once("close", () => resolve()))
      .then(() => {
        this.#timer?.cancel();
        for (const pending of this.#pending) pending.abort(HUNG_UP);
        this.#agent.destroy();
        return this.#served;
      })
      .then(() => this.#agent.destroy());
    socket.once("end", () => this.#onHalfClose());
    this.#awaitHead(INGRESS_LIMITS.headTimeoutMs.value);
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (this.#ending) return;
    this.#timer?.cancel();
    this.#waiting += 1;
    if (this.#waiting > INGRESS_LIMITS.maxPipelinedRequests.value) {
      this.#abandon();
      return;
    }
    const broken = new AbortController();
    const body = this.#bodyOf(request);
    this.#latest = { request, broken };
    const closed = new Promise<void>((resolve) => response.once("close", () => resolve()));
    this.#pending.add(broken);
    this.#enqueue(async () => {
      // After an answer with "Connection: close" no request may be processed any more (RFC 9112 §9.6).
      if (this.#socket.writable) {
        this.#current = response;
        await this.#answer(request, response, broken, body);
        await closed;
        this.#current = undefined;
      }
      this.#bodies.delete(body);
      this.#pending.delete(broken);
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#awaitNext(request);
    });
  }

  onConnect(request: IncomingMessage, head: Uint8Array): void {
    this.#take(request, head, async (reader, signal) => {
      checkMessage(request);
      const { user, constraints, ignored } = await this.#identify(request, signal);
      const target = parseAuthority(request.url ?? "");
      using _lease = leaseSocket(this.#components.admit(user), this.#socket, this.#countedBytes);
      const early = reader.takeEarly();
      const asked = { target, user, constraints, ...(early === undefined ? {} : { early }) };
      const opened = await this.#components.opener.openStream(asked, signal);
      const told = toldFields(opened, { ignored, debug: wantsDebug(request), reused: false });
      const answer = encodeHead(200, told, "Connection established");
      await carry(this.#components, this.#socket, reader, answer, opened.stream);
    });
  }

  onUpgrade(request: IncomingMessage, head: Uint8Array): void {
    this.#take(request, head, async (reader, signal) => {
      const context = await this.#understand(request, signal, this.#bodyOf(request));
      using _lease = leaseSocket(this.#components.admit(context.meaning.user), this.#socket, this.#countedBytes);
      await upgrade(this.#components, request, this.#socket, reader, context);
    });
  }

  /** Answers what Node's parser refuses, after the requests that came before it. */
  onParseError(cause: Error & { readonly reason?: string }): void {
    if (this.#ending) return;
    const code = systemCode(cause);
    // The request before said that it was the last, and its answer is on the way.
    if (code === "HPE_CLOSED_CONNECTION") return;
    if (!code.startsWith("HPE_") || code === "HPE_INVALID_EOF_STATE") {
      this.#abandon();
      return;
    }
    const large = code === "HPE_HEADER_OVERFLOW" || code === "HPE_CHUNK_EXTENSIONS_OVERFLOW";
    const error = large
      ? new BywayError(
          "ERR_REQUEST_TOO_LARGE",
          `the head of the request exceeds ${INGRESS_LIMITS.maxHeadBytes.value} bytes`,
        )
      : new BywayError("ERR_REQUEST_MALFORMED", `the request is not HTTP: ${cause.reason ?? code}`);
    this.#timer?.cancel();
    this.#ending = true;
    // The error belongs to the request that is not whole yet, which is answered as such, or to the next.
    const partOfLatest = this.#latest?.request.complete === false;
    if (partOfLatest) this.#latest?.broken.abort(error);
    const last = partOfLatest ? new Uint8Array(0) : encodeAnswer(errorAnswer(error));
    this.#enqueue(() => endSocket(this.#socket, last, this.#components.clock));
  }

  /** All bodies of this connection count together: the budget asks once for what was taken from it. */
  #bodyOf(request: IncomingMessage): MessageBody {
    const kept = (): number => [...this.#bodies].reduce((sum, { bytes }) => sum + bytes, 0);
    const body = new MessageBody(this.#components, request, kept);
    this.#bodies.add(body);
    return body;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    broken: AbortController,
    body: MessageBody,
  ): Promise<void> {
    try {
      const { url = "", method = "" } = request;
      if (broken.signal.aborted) throw broken.signal.reason;
      if (url.startsWith("/") || url === "*") {
        checkMessage(request);
        const { credentials, names } = this.#components;
        const asksForName = credentials.required || names.insists;
        sendAnswer(response, ownPage(method, url, request.headers.host, { socket: this.#socket, asksForName }));
      } else {
        const context = await this.#understand(request, broken.signal, body);
        using lease = this.#components.admit(context.meaning.user);
        const before = this.#countedBytes;
        lease.watch(
          () => socketBytes(this.#socket) - before,
          (reason) => broken.abort(reason),
        );
        await forward(request, response, context);
      }
    } catch (cause) {
      const error = toBywayError(cause);
      this.#components.logger.debug("a request was refused", { code: error.code, data: error.data });
      if (!this.#socket.destroyed) sendAnswer(response, errorAnswer(error), error.code === "ERR_REQUEST_MALFORMED");
    } finally {
      this.#countedBytes = socketBytes(this.#socket);
    }
  }

  /** What a request asks for; throws what makes it unfit to be forwarded. */
  async #understand(request: IncomingMessage, signal: AbortSignal, body: MessageBody): Promise<ForwardContext> {
    checkMessage(request);
    const meaning = await this.#identify(request, signal);
    const { budget } = this.#components;
    return { agent: this.#agent, budget, body, meaning, to: parseAbsoluteForm(request), signal };
  }

  /** Who asks. One who sends no password is told at once that one is needed: it is how programs find out. */
  async #identify(request: IncomingMessage, signal: AbortSignal): Promise<UserNameMeaning> {
    const { credentials, guesses, names } = this.#components;
    const check = (): UserNameMeaning => authenticate(request, sentCredentials(request), credentials);
    const isGuess = credentials.required && request.headers["proxy-authorization"] !== undefined;
    if (!credentials.required) names.checkHttp(request, sentCredentials(request), this.#socket);
    return isGuess ? guesses.check(this.#socket, signal, check) : check();
  }

  /** Takes the socket from Node's server for a request after which it speaks no HTTP. */
  #take(
    request: IncomingMessage,
    head: Uint8Array,
    serve: (reader: AppSocketReader, signal: AbortSignal) => Promise<void>,
  ): void {
    this.#timer?.cancel();
    if (this.#ending || this.#waiting > 0) {
      // Nothing has a right to the socket while responses wait to be written to it.
      this.#abandon();
      return;
    }
    this.#ending = true;
    request.on("error", () => {});
    const reader = new AppSocketReader(this.#components, this.#socket, head);
    this.#enqueue(() =>
      serve(reader, reader.gone).catch((error: unknown) =>
        refuse(this.#components, this.#socket, reader, error, (why) => encodeAnswer(errorAnswer(why))),
      ),
    );
  }

  #enqueue(task: () => Promise<void>): void {
    this.#served = this.#served.then(task).catch((error: unknown) => {
      this.#components.logger.error("a connection failed in an unforeseen way", {
        error: toBywayError(error).toJSON(),
      });
      this.#abandon();
    });
  }

  /** Waits for the next request, or first for the end of a body that was answered before it had come. */
  #awaitNext(request: IncomingMessage): void {
    if (this.#socket.destroyed || this.#ending) return;
    this.#bytesBefore = this.#socket.bytesRead;
    if (request.complete) this.#awaitHead(INGRESS_LIMITS.keepAliveTimeoutMs.value);
    else this.#setTimer(INGRESS_LIMITS.lingerMs.value, () => this.#abandon());
  }

  /** An app that half-closes while its response is under way wants the rest of it; before that it has hung up. */
  #onHalfClose(): void {
    if (this.#ending || this.#waiting === 0) return;
    if (this.#current?.headersSent === true) this.#awaitProgress();
    else {
      for (const pending of this.#pending) pending.abort(HUNG_UP);
      this.#socket.end();
    }
  }

  /** An app that has gone looks like one that waits: it shows when something is sent. */
  #awaitProgress(): void {
    const { bytesWritten } = this.#socket;
    this.#setTimer(CORE_LIMITS.halfClosedIdleMs.value, () => {
      if (this.#socket.bytesWritten === bytesWritten) this.#abandon();
      else this.#awaitProgress();
    });
  }

  #awaitHead(timeoutMs: number): void {
    this.#setTimer(timeoutMs, () => {
      this.#ending = true;
      const late = new BywayError("ERR_REQUEST_TIMEOUT", "the head of the request took too long");
      const idle = this.#socket.bytesRead === this.#bytesBefore;
      const last = idle ? new Uint8Array(0) : encodeAnswer(errorAnswer(late));
      void endSocket(this.#socket, last, this.#components.clock);
    });
  }

  #setTimer(delayMs: number, run: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#components.clock.after(delayMs, run);
  }

  #abandon(): void {
    this.#ending = true;
    abortStream(this.#socket);
  }
}
