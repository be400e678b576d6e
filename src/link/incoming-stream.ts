import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { errorAnswer } from "./answer.ts";
import { hardenStream, type StreamWatch } from "./harden-stream.ts";
import { ERROR_CODE } from "./http2/error-code.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { LinkConduct } from "./link-conduct.ts";
import type { LinkSession } from "./link-session.ts";

/** The link of a stream, as far as the stream reports to it. */
export interface StreamOwner {
  readonly session: LinkSession;
  readonly watch: StreamWatch & { readonly clock: Clock };
  /** Judges how the requests on the link end. */
  readonly conduct: Pick<LinkConduct, "refused" | "served">;
  /** A stream has its whole answer, though the far side may not have ended its half; or it is closed. Called once a stream. */
  streamDone(): void;
  streamClosed(stream: ServerHttp2Stream): void;
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
  readonly #stream: ServerHttp2Stream;
  readonly #owner: StreamOwner;
  #isDone = false;

  constructor(owner: StreamOwner, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    hardenStream(stream, owner.watch);
    this.#headers = headers;
    this.authority = headers[":authority"] ?? "";
    this.link = owner.session;
    this.#stream = stream;
    this.#owner = owner;
    const controller = new AbortController();
    this.signal = controller.signal;
    stream.once("close", () => {
      owner.streamClosed(stream);
      this.#done();
      this.#answered?.();
      controller.abort(GONE);
    });
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
    return this.#stream;
  }

  /** Answers a JSON document. */
  reply(status: number, body: unknown): void {
    this.#answered?.();
    if (!this.#answerable) return;
    this.#stream.respond({ ":status": status, "content-type": "application/json" });
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

  /** Whether an answer can be sent. A stream that was reset is closed before it is destroyed, and answering it would throw. */
  get #answerable(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#owner.streamDone();
  }

  #dropRest(): void {
    this.dropHeaders();
    this.#done();
    this.#stream.resume();
    // The answer is whole: NO_ERROR takes back nothing of it (RFC 9113 §8.1).
    const { clock } = this.#owner.watch;
    const timer = clock.after(LINK_LIMITS.drainMs.value, () => this.#stream.close(ERROR_CODE.noError));
    this.#stream.once("close", () => timer.cancel());
  }
}
