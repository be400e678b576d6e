import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { abortReason } from "../core/abort.ts";
import { abortStream } from "../core/abort-stream.ts";
import { BywayError, systemCode, toBywayError } from "../core/errors.ts";
import { errorAnswer, sendAnswer } from "./answer.ts";
import { endToEnd, endToEndTrailers, fieldsOf, listOf } from "./hop-by-hop.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import { MessageBody, type MessageBodyComponents } from "./message-body.ts";
import { type AbsoluteForm, VIA_NAME } from "./proxy-request.ts";
import type { StreamRequest } from "./stream-opener.ts";
import { targetFields, targetTrailers } from "./target-fields.ts";
import { toldFields } from "./told-fields.ts";
import type { UpstreamAgent } from "./upstream-agent.ts";
import type { UserNameMeaning } from "./username-parameters.ts";

/** A connection to the target that has changed its protocol. */
export interface Switched {
  readonly answer: IncomingMessage;
  readonly stream: Duplex;
  /** Bytes of the new protocol that came with the answer. */
  readonly head: Uint8Array;
  /** Whether the stream was used for another request before. */
  readonly reused: boolean;
}

/** What forwarding a request needs beside the request. */
export interface ForwardContext extends MessageBodyComponents {
  readonly agent: UpstreamAgent;
  /** The body of the request. */
  readonly body: MessageBody;
  readonly meaning: UserNameMeaning;
  readonly to: AbsoluteForm;
  /** Aborts when the app went away or its request turned out to be malformed. */
  readonly signal: AbortSignal;
  /** The protocols to ask the target to change to, as `Upgrade` names them. */
  readonly upgrade?: string;
}

/** Methods that may be sent again when their connection turns out to be dead (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/** Methods for which a request without a length needs none (RFC 9110 §8.6). */
const BODYLESS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "CONNECT"]);

/**
 * Forwards one absolute-form request and its response. Resolves when the response is finished or its connection is
 * gone, or with the connection to the target when that has changed its protocol; never rejects. A response that is
 * cut short ends the app's connection abruptly.
 */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  context: ForwardContext,
): Promise<Switched | undefined> {
  return new Promise((resolve) => new Forwarding(request, response, context, resolve).start());
}

class Forwarding {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: ForwardContext;
  readonly #chunked: boolean;
  readonly #hasBody: boolean;
  /** Whether sending the request twice does what sending it once does (RFC 9110 §9.2.2). */
  readonly #repeatable: boolean;
  #upstream: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  /** Waits for the exit's answer, so that where it declines another one is asked. */
  #isPatient = false;
  #declined: StreamRequest["declined"];
  #attemptsLeft: number = INGRESS_LIMITS.maxIdleUpstreams.value;
  #failed = false;
  readonly #done: (switched?: Switched) => void;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    context: ForwardContext,
    done: (switched?: Switched) => void,
  ) {
    this.#done = done;
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.#chunked = request.headers["transfer-encoding"] !== undefined;
    this.#hasBody = this.#chunked || request.headers["content-length"] !== undefined;
    this.#repeatable = !this.#hasBody && IDEMPOTENT.has(request.method ?? "");
    context.signal.addEventListener("abort", this.#onAbort, { once: true });
    response.once("close", this.#onClose);
    request.on("error", () => {});
  }

  readonly #onAbort = (): void => this.#fail(abortReason(this.#context.signal));

  readonly #onClose = (): void => {
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    if (!this.#response.writableFinished) this.#fail(new BywayError("ERR_ABORTED", "the app hung up"));
    this.#done();
  };

  start(): void {
    if (this.#context.signal.aborted) this.#fail(abortReason(this.#context.signal));
    else this.#send();
  }

  #send(): void {
    const { agent, meaning, signal, to } = this.#context;
    const { user, constraints } = meaning;
    let upstream: ClientRequest;
    try {
      const options = {
        agent,
        method: this.#request.method,
        path: to.path,
        headers: this.#requestHeaders(),
        maxHeaderSize: INGRESS_LIMITS.maxHeadBytes.value,
        // What may be sent again need not wait to see whether the exit takes it.
        streamRequest: {
          target: to.target,
          user,
          constraints,
          optimistic: this.#repeatable && !this.#isPatient,
          declined: this.#declined,
        },
        opening: signal,
      };
      upstream = http.request(options);
    } catch (cause) {
      // What Node's parser lets in, its own writer may still refuse.
      this.#fail(new BywayError("ERR_REQUEST_MALFORMED", "the request cannot be forwarded", { cause }));
      return;
    }
    this.#upstream = upstream;
    // Node drops what exceeds a number of fields without a word; their size is bounded anyway.
    upstream.maxHeadersCount = 0;
    upstream.on("error", (error) => this.#onUpstreamError(upstream, error));
    upstream.on("information", (info) => this.#forwardInformation(info));
    upstream.on("response", (answer) => this.#onResponse(upstream, answer));
    upstream.on("upgrade", (answer, stream, head) => {
      if (this.#context.upgrade !== undefined) this.#onSwitch({ answer, stream, head, reused: upstream.reusedSocket });
      else this.#fail(unaskedSwitch());
    });
    if (!this.#hasBody) {
      upstream.end();
      return;
    }
    upstream.flushHeaders();
    const { body } = this.#context;
    body.sendTo(upstream);
    this.#request.once("end", () => {
      body.flush();
      if (this.#chunked) upstream.addTrailers(endToEndTrailers(this.#request.rawTrailers));
      upstream.end();
    });
  }

  #requestHeaders(): string[] {
    const { rawHeaders, headers, httpVersion, method = "" } = this.#request;
    const without = ["host", "content-length", ...(this.#chunked ? [] : ["trailer"])];
    const sent = ["Host", this.#context.to.authority, ...endToEnd(rawHeaders, without)];
    sent.push("Via", `${httpVersion} ${VIA_NAME}`);
    if (this.#chunked) sent.push("Transfer-Encoding", "chunked");
    else if (headers["content-length"] !== undefined) sent.push("Content-Length", headers["content-length"]);
    else if (!BODYLESS.has(method)) sent.push("Content-Length", "0");
    if (this.#context.upgrade !== undefined) sent.push("Connection", "Upgrade", "Upgrade", this.#context.upgrade);
    else if (listOf(rawHeaders, "te").includes("trailers")) sent.push("TE", "trailers", "Connection", "TE, keep-alive");
    return sent;
  }

  #forwardInformation({ statusCode, headers }: http.InformationEvent): void {
    if (this.#response.headersSent || this.#request.httpVersion === "1.0") return;
    if (statusCode === 100 && this.#request.headers.expect !== undefined) this.#response.writeContinue();
    if (statusCode === 102) this.#response.writeProcessing();
    const { link } = headers;
    if (statusCode !== 103 || link === undefined) return;
    try {
      this.#response.writeEarlyHints({ link });
    } catch {
      // A hint that Node takes for malformed is not worth the response that follows.
    }
  }

  #onResponse(upstream: ClientRequest, answer: IncomingMessage): void {
    const response = this.#response;
    this.#answer = answer;
    const body = new MessageBody(this.#context, answer);
    answer.on("error", (cause) => this.#fail(targetError(cause)));
    answer.on("aborted", () => this.#fail(new BywayError("ERR_TARGET_RESET", "the target's response was cut short")));
    if (answer.statusCode === 101) {
      this.#fail(unaskedSwitch());
      return;
    }
    if (answer.statusCode === 407) {
      this.#fail(new BywayError("ERR_TARGET_PROTOCOL", "the target answered 407, which is a proxy's to say"));
      return;
    }
    const encodings = listOf(answer.rawHeaders, "transfer-encoding").join();
    if (encodings !== "" && encodings !== "chunked") {
      this.#fail(new BywayError("ERR_TARGET_PROTOCOL", "the target's response has an unknown Transfer-Encoding"));
      return;
    }
    try {
      response.sendDate = false;
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", this.#responseHeaders(upstream, answer));
      response.flushHeaders();
    } catch (cause) {
      this.#fail(new BywayError("ERR_TARGET_PROTOCOL", "the target's response cannot be forwarded", { cause }));
      return;
    }
    body.sendTo(response);
    answer.once("end", () => {
      body.flush();
      response.addTrailers(targetTrailers(answer.rawTrailers));
      response.end();
    });
  }

  #onSwitch(switched: Switched): void {
    const { socket } = this.#response;
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    this.#response.off("close", this.#onClose);
    if (socket !== null) this.#response.detachSocket(socket);
    this.#done(switched);
  }

  #responseHeaders(upstream: ClientRequest, answer: IncomingMessage): string[] {
    const length = answer.headers["content-length"];
    const chunked = length === undefined && this.#request.httpVersion === "1.1" && this.#request.method !== "HEAD";
    const sent = targetFields(answer.rawHeaders, chunked ? [] : ["trailer"]);
    sent.push("Via", `${answer.httpVersion} ${VIA_NAME}`);
    const opened = upstream.socket === null ? undefined : this.#context.agent.openedOf(upstream.socket);
    const { ignored } = this.#context.meaning;
    const told = { ignored, debug: wantsDebug(this.#request), reused: upstream.reusedSocket };
    if (opened !== undefined) sent.push(...toldFields(opened, told));
    // After a final response to a body that was never asked for, nobody can tell where the next request begins.
    if (this.#request.headers.expect !== undefined && !this.#request.complete) sent.push("Connection", "close");
    return sent;
  }

  #onUpstreamError(upstream: ClientRequest, cause: Error): void {
    const opened = upstream.socket === null ? undefined : this.#context.agent.openedOf(upstream.socket);
    const accepted = opened?.accepted;
    if (accepted === undefined || this.#answer !== undefined) this.#onBroken(upstream, cause, false);
    // That the stream broke says less than why the exit did not take it.
    else
      accepted.then(
        () => this.#onBroken(upstream, cause, false),
        (refusal: unknown) => this.#onBroken(upstream, toBywayError(refusal), true, opened?.route.exit.peerId),
      );
  }

  /** `refused`: by `exit`, or lost on the way to it, with nobody having tried another circuit. */
  #onBroken(upstream: ClientRequest, cause: Error, refused: boolean, exit?: string): void {
    if (upstream !== this.#upstream) return;
    const anotherNode =
      refused &&
      cause instanceof BywayError &&
      cause.retry === "other-node" &&
      (cause.kind === "hop" || (cause.kind === "policy" && !this.#isPatient));
    const again = (upstream.reusedSocket || anotherNode) && this.#repeatable && this.#attemptsLeft > 0;
    if (again && this.#answer === undefined && !this.#failed) {
      this.#attemptsLeft -= 1;
      if (cause instanceof BywayError && cause.kind === "policy") {
        this.#isPatient = true;
        if (exit !== undefined) this.#declined = { exit, error: cause };
      }
      this.#send();
      return;
    }
    // The answer is whole although its connection broke, if the target did not wait for the rest of the request.
    if (this.#answer?.complete === true) this.#context.body.discard();
    else this.#fail(targetError(cause));
  }

  #fail(error: BywayError): void {
    if (this.#failed) return;
    this.#failed = true;
    const stream = this.#upstream?.socket;
    if (stream && this.#answer?.complete !== true) abortStream(stream);
    this.#upstream?.destroy();
    const response = this.#response;
    const { socket } = response;
    if (response.writableFinished || socket === null || socket.destroyed) return;
    const silent = error.code === "ERR_ABORTED" || error.code === "ERR_STOPPED";
    if (response.headersSent || silent) abortStream(socket);
    else sendAnswer(response, errorAnswer(error), error.code === "ERR_REQUEST_MALFORMED");
  }
}

function unaskedSwitch(): BywayError {
  return new BywayError("ERR_TARGET_PROTOCOL", "the target changed the protocol in a way that nobody asked for");
}

/** Whether a request asks for the way that it took. */
export function wantsDebug(request: IncomingMessage): boolean {
  return [...fieldsOf(request.rawHeaders)].some(([name, , value]) => name === "byway-debug" && value.trim() === "1");
}

/** What an error of Node's HTTP client says about the target. */
export function targetError(cause: Error): BywayError {
  if (cause instanceof BywayError) return cause;
  if (cause.cause instanceof BywayError) return cause.cause;
  const code = systemCode(cause);
  if (code.startsWith("HPE_"))
    return new BywayError("ERR_TARGET_PROTOCOL", "the target's answer is not HTTP", { cause });
  if (/^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_|ERR_HTTP2_)/.test(code))
    return new BywayError("ERR_TARGET_RESET", "the target closed the connection before its answer was whole", {
      cause,
    });
  return toBywayError(cause);
}
