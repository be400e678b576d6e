import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { listOf } from "../http1/fields.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { type Answer, encodeHead } from "./answer.ts";
import { encodeLastChunk } from "./body-target.ts";

/** How an app is shown where the body of its answer ends. */
export type AnswerFraming = "none" | "length" | "chunks" | "close";

/** The answer to one request of an app, as it is written to the app's connection. */
export class AppAnswer {
  readonly socket: Socket;
  /** Whether the head of the final answer was written. */
  hasBegun = false;
  /** Whether the answer was written to its end. */
  isWhole = false;
  /** Whether no request is taken from the connection after this one (RFC 9112 §9.3). */
  isLast: boolean;
  readonly #request: RequestHead;
  #framing: AnswerFraming = "none";

  constructor(socket: Socket, request: RequestHead) {
    this.socket = socket;
    this.#request = request;
    this.isLast = !wantsMore(request);
  }

  /** Passes an interim answer on. HTTP/1.0 has none. */
  inform(status: number, reason: string, headers: readonly string[]): void {
    if (this.hasBegun || this.#request.version === "1.0") return;
    this.#write(encodeHead(status, headers, reason));
  }

  /**
   * Writes the head of the final answer, whose fields come without framing. `length` is told if it is known; of an answer
   * without a body it is what the body would have. Returns how the body is to be written.
   */
  begin(
    head: { readonly status: number; readonly reason: string; readonly headers: readonly string[] },
    body: { readonly length: number | undefined; readonly isNone: boolean },
  ): AnswerFraming {
    const written = this.#open(head, body);
    // The body, if it is there already, leaves with the head.
    this.socket.cork();
    process.nextTick(() => this.socket.uncork());
    this.#write(written);
    return this.#framing;
  }

  /** Decides the framing, and returns the head with it. */
  #open(head: Parameters<AppAnswer["begin"]>[0], body: Parameters<AppAnswer["begin"]>[1]): string {
    const framing: AnswerFraming = body.isNone
      ? "none"
      : body.length !== undefined
        ? "length"
        : this.#request.version === "1.1"
          ? "chunks"
          : "close";
    if (framing === "close") this.isLast = true;
    const headers = [...head.headers];
    if (body.length !== undefined) headers.push("Content-Length", String(body.length));
    if (framing === "chunks") headers.push("Transfer-Encoding", "chunked");
    headers.push("Connection", this.isLast ? "close" : "keep-alive");
    this.hasBegun = true;
    this.#framing = framing;
    return encodeHead(head.status, headers, head.reason);
  }

  /** Whether the fields behind the body are passed on. */
  get takesTrailers(): boolean {
    return this.#framing === "chunks";
  }

  /** Writes the end of the body. */
  end(trailers: readonly string[]): void {
    if (this.#framing === "chunks" && !this.socket.destroyed) this.socket.write(encodeLastChunk(trailers));
    this.isWhole = true;
  }

  /** Gives an answer of Byway's own, in one write; `isLast` ends the connection after it. */
  give(answer: Answer, isLast = false): void {
    this.isLast ||= isLast;
    const body = Buffer.from(answer.body);
    const head = { status: answer.status, reason: STATUS_CODES[answer.status] ?? "", headers: answer.headers };
    const written = Buffer.from(this.#open(head, { length: body.length, isNone: false }), "latin1");
    const whole = this.#request.method === "HEAD" ? written : Buffer.concat([written, body]);
    if (!this.socket.destroyed) this.socket.write(whole);
    this.isWhole = true;
  }

  #write(head: string): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.from(head, "latin1"));
  }
}

/** Whether the app keeps the connection for a next request. Old clients write `Proxy-Connection`. */
function wantsMore({ version, headers }: RequestHead): boolean {
  const options = [...listOf(headers, "connection"), ...listOf(headers, "proxy-connection")];
  if (options.includes("close")) return false;
  return version === "1.1" || options.includes("keep-alive");
}
