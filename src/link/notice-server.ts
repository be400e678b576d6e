import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CellRate } from "../core/cell-rate.ts";
import type { Clock } from "../core/clock.ts";
import type { RefusalCounts } from "../core/refusal-counts.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type NoticeFacts, noticeHtml, noticeText } from "./notice-page.ts";
import { securityTxt } from "./security-txt.ts";

/** How many answers there may be. */
export interface NoticeBounds {
  readonly open: number;
  readonly perSecond: number;
}

const WHOLE_NODE: NoticeBounds = {
  open: LINK_LIMITS.openNotices.value,
  perSecond: LINK_LIMITS.noticesPerSecond.value,
};

/**
 * Answers HTTP/1.1 on a node's port: what this address is, whatever was asked. It is no proxy: nothing is forwarded, no
 * body is read, and each connection gets one answer.
 */
export class NoticeServer {
  readonly #clock: Clock;
  readonly #refusals: RefusalCounts | undefined;
  readonly #facts: NoticeFacts;
  readonly #bounds: NoticeBounds;
  readonly #open = new Set<Socket>();
  readonly #rate: CellRate;
  #server: http.Server | undefined;

  constructor(
    components: { readonly clock: Clock; readonly refusals?: RefusalCounts | undefined },
    facts: NoticeFacts,
    bounds: NoticeBounds = WHOLE_NODE,
  ) {
    this.#clock = components.clock;
    this.#refusals = components.refusals;
    this.#facts = facts;
    this.#bounds = bounds;
    this.#rate = new CellRate({ perSecond: bounds.perSecond, burst: bounds.perSecond });
  }

  /** Answers one connection and closes it, or closes it at once where there are too many. Owns it from here on. */
  accept(socket: Socket): void {
    if (this.#open.size >= this.#bounds.open || !this.#rate.admit(this.#clock.monotonicMs())) {
      this.#refusals?.count("notices");
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    const limit = this.#clock.after(LINK_LIMITS.handshakeMs.value, () => socket.destroy());
    socket.once("close", () => {
      limit.cancel();
      this.#open.delete(socket);
    });
    this.#server ??= this.#createServer();
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Ends all connections; settles when they are gone. */
  async stop(): Promise<void> {
    const gone = [...this.#open].map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
    for (const socket of this.#open) socket.destroy();
    await Promise.all(gone);
  }

  #createServer(): http.Server {
    const server = http.createServer({
      maxHeaderSize: LINK_LIMITS.noticeHeadBytes.value,
      // Said here so that no flag of the process can loosen it.
      insecureHTTPParser: false,
      requireHostHeader: false,
    });
    // Time-outs are ours, by the clock that is handed in.
    server.keepAliveTimeout = 0;
    server.headersTimeout = 0;
    server.requestTimeout = 0;
    const answer: http.RequestListener = (request, response) => this.#answer(request, response);
    server.on("request", answer).on("checkContinue", answer).on("checkExpectation", answer);
    server.on("connect", (_request: IncomingMessage, socket: Duplex) =>
      socket.end(
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      ),
    );
    server.on("clientError", (_error, socket) => void socket.destroy());
    return server;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const isRead = request.method === "GET" || request.method === "HEAD";
    const { status, type, body } = this.#document(request);
    response.writeHead(isRead ? status : 405, {
      "content-type": `${type}; charset=utf-8`,
      "content-length": Buffer.byteLength(body),
      "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "x-robots-tag": "noindex",
      "referrer-policy": "no-referrer",
      vary: "accept",
      connection: "close",
      ...(isRead ? {} : { allow: "GET, HEAD" }),
    });
    response.end(body);
  }

  #document(request: IncomingMessage): { readonly status: number; readonly type: string; readonly body: string } {
    if (request.url === "/robots.txt") return { status: 200, type: "text/plain", body: "User-agent: *\nDisallow: /\n" };
    if (request.url === "/.well-known/security.txt") {
      const body = securityTxt(this.#facts.contact, this.#clock.nowMs());
      // Programs read this one: the notice in its place would be a false one.
      if (body === undefined) return { status: 404, type: "text/plain", body: noticeText(this.#facts) };
      return { status: 200, type: "text/plain", body };
    }
    const wantsHtml = /\btext\/html\b/i.test(request.headers.accept ?? "");
    return wantsHtml
      ? { status: 200, type: "text/html", body: noticeHtml(this.#facts) }
      : { status: 200, type: "text/plain", body: noticeText(this.#facts) };
  }
}
