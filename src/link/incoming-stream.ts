import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { errorAnswer } from "./answer.ts";
import { hardenStream, type StreamWatch } from "./harden-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { LinkConduct } from "./link-conduct.ts";

// Made once: a reason made anew for each stream would cost more than the stream.
const GONE = new BywayError("ERR_ABORTED", "the far side ended the stream");

/** A request that reached the server end of a link and waits for `accept` or `refuse`. */
export class IncomingStream {
  /** `:authority`, or "" when there is none. */
  readonly authority: string;
  /** The link that it came on; an opaque number for limits and logs. */
  readonly linkId: number;
  /** The IP address at the far end of that link, for limits; "" where it has none. */
  readonly remoteAddress: string;
  /** Aborts when the far side goes away before or after the answer. */
  readonly signal: AbortSignal;
  #headers: IncomingHttpHeaders;
  #answered: (() => void) | undefined;
  #done: (() => void) | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #clock: Clock;
  readonly #conduct: Pick<LinkConduct, "refused" | "served"> | undefined;

  constructor(
    components: { clock: Clock } & StreamWatch,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    link: {
      readonly id: number;
      readonly remoteAddress: string;
      /** Told how the requests on the link end. */
      readonly conduct?: Pick<LinkConduct, "refused" | "served">;
    },
  ) {
    hardenStream(stream, components);
    this.#headers = headers;
    this.authority = headers[":authority"] ?? "";
    this.linkId = link.id;
    this.remoteAddress = link.remoteAddress;
    this.#stream = stream;
    this.#clock = components.clock;
    this.#conduct = link.conduct;
    const controller = new AbortController();
    this.signal = controller.signal;
    stream.once("close", () => {
      this.#answered?.();
      controller.abort(GONE);
    });
  }

  /** The header fields; none after `dropHeaders`. */
  get headers(): IncomingHttpHeaders {
    return this.#headers;
  }

  /** Lets go of the header fields: a request can wait for its answer for long, and a stream can stand for days. */
  dropHeaders(): void {
    this.#headers = {};
  }

  /** `release` is called once the request is answered or gone. */
  onAnswered(release: () => void): void {
    if (this.#stream.destroyed) release();
    else this.#answered = release;
  }

  /** `done` is called when the whole answer is given, though the far side has not ended its own half. */
  onDone(done: () => void): void {
    this.#done = done;
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
    this.#conduct?.served();
  }

  /** Answers with an error and lets the far side end the stream in its own time. */
  refuse(error: BywayError): void {
    this.#answered?.();
    if (!this.#answerable) return;
    this.#stream.respond(errorAnswer(error), { endStream: true });
    this.#dropRest();
    this.#conduct?.refused(error);
  }

  /** A stream that was reset is closed before it is destroyed, and answering it would throw. */
  get #answerable(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #dropRest(): void {
    this.#done?.();
    this.#stream.resume();
    // The answer is whole: NO_ERROR takes back nothing of it (RFC 9113 §8.1).
    const timer = this.#clock.after(LINK_LIMITS.drainMs.value, () => this.#stream.close(constants.NGHTTP2_NO_ERROR));
    this.#stream.once("close", () => timer.cancel());
  }
}
