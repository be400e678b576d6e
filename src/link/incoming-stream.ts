import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { errorAnswer } from "./answer.ts";
import { ERROR_CODE } from "./http2/error-code.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { LinkConduct } from "./link-conduct.ts";
import type { LinkSession } from "./link-session.ts";

/** What a request needs of its HTTP/2 stream at the server end. An end of the Duplex is END_STREAM, anything else a reset. */
export interface AnswerableStream extends Duplex {
  /** Whether it was reset, or both its halves have ended. */
  readonly closed: boolean;
  /** Sends the head of the answer, and END_STREAM with it if `endStream`. */
  respond(headers: OutgoingHttpHeaders, options?: { readonly endStream?: boolean }): void;
  /** Resets it with `code`. */
  close(code: number): void;
}

/** The link of a request, as far as the request reports to it. */
export interface OwningLink {
  readonly session: LinkSession;
  readonly clock: Clock;
  /** Judges how the requests on the link end. */
  readonly conduct: Pick<LinkConduct, "refused" | "served">;
  /** A request has its whole answer, though the far side may not have ended its half; or its stream is closed. Called once. */
  requestDone(): void;
  /** The stream of a request is closed. */
  requestClosed(request: IncomingStream): void;
}

// Made once: a reason made anew for each stream would cost more than the stream.
const GONE = new BywayError("ERR_ABORTED", "the far side ended the stream");

/** A request that reached the server end of a link and waits for `accept` or `refuse`. */
export class IncomingStream {
  /** `:authority`; "" if there is none. */
  readonly authority: string;
  /** The link that it came on. */
  readonly link: LinkSession;
  /** Aborts when the stream is closed, before or after the answer. */
  readonly signal: AbortSignal;
  #headers: IncomingHttpHeaders;
  #answered: (() => void) | undefined;
  readonly #stream: AnswerableStream;
  readonly #owner: OwningLink;
  #isAccepted = false;
  #isDone = false;

  constructor(owner: OwningLink, stream: AnswerableStream, headers: IncomingHttpHeaders) {
    this.#headers = headers;
    this.authority = headers[":authority"] ?? "";
    this.link = owner.session;
    this.#stream = stream;
    this.#owner = owner;
    const controller = new AbortController();
    this.signal = controller.signal;
    stream.once("close", () => {
      owner.requestClosed(this);
      this.#done();
      this.#answered?.();
      controller.abort(GONE);
    });
  }

  /** Whether it was answered with 200. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** The header fields; none after `dropHeaders`. */
  get headers(): IncomingHttpHeaders {
    return this.#headers;
  }

  /** Frees the header fields: a request can wait long for its answer, and a stream can be open for days. */
  dropHeaders(): void {
    this.#headers = {};
  }

  /** `release` is called once the request is answered or gone. */
  onAnswered(release: () => void): void {
    if (this.#stream.destroyed) release();
    else this.#answered = release;
  }

  /** Answers 200 and hands over the byte stream; the caller owns it. */
  accept(headers: OutgoingHttpHeaders = {}): Duplex {
    this.#answered?.();
    if (this.#answerable) this.#stream.respond({ ":status": 200, ...headers });
    this.#isAccepted = true;
    return this.#stream;
  }

  /** Answers a JSON document. */
  reply(status: number, body: unknown): void {
    this.#answered?.();
    if (!this.#answerable) return;
    this.#stream.respond({ ":status": status, "content-type": "application/json" });
    this.#isAccepted = status === 200;
    this.#stream.end(`${JSON.stringify(body)}\n`);
    this.#dropRest();
    this.#owner.conduct.served();
  }

  /** Answers with an error and lets the far side end the stream in its own time. */
  refuse(error: BywayError): void {
    this.#answered?.();
    if (!this.#answerable) return;
    this.#stream.respond(errorAnswer(error), { endStream: true });
    this.#dropRest();
    this.#owner.conduct.refused(error);
  }

  /** Resets the stream, answered or not. */
  abort(reason: BywayError): void {
    abortStream(this.#stream, reason);
  }

  /** Whether an answer can be sent. A stream that was reset is closed before it is destroyed, and answering it would throw. */
  get #answerable(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#owner.requestDone();
  }

  #dropRest(): void {
    this.dropHeaders();
    this.#done();
    this.#stream.resume();
    // The answer is whole: NO_ERROR takes back nothing of it (RFC 9113 §8.1).
    const timer = this.#owner.clock.after(LINK_LIMITS.drainMs.value, () => this.#stream.close(ERROR_CODE.noError));
    this.#stream.once("close", () => timer.cancel());
  }
}
