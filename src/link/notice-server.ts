import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type NoticeFacts, noticeHtml, noticeText } from "./notice-page.ts";

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
  readonly #facts: NoticeFacts;
  readonly #bounds: NoticeBounds;
  readonly #open = new Set<Socket>();
  #server: http.Server | undefined;
  #allowance: number;
  #refilledMs: number;

  constructor(components: { clock: Clock }, facts: NoticeFacts, bounds: NoticeBounds = WHOLE_NODE) {
    this.#clock = components.clock;
    this.#facts = facts;
    this.#bounds = bounds;
    this.#allowance = bounds.perSecond;
    this.#refilledMs = components.clock.monotonicMs();
  }

  /** Answers one connection and closes it, or closes it at once where there are too many. Owns it from here on. */
  accept(socket: Socket): void {
    if (this.#open.size >= this.#bounds.open || !this.#allow()) {
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

  #allow(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { perSecond } = this.#bounds;
    this.#allowance = Math.min(perSecond, this.#allowance + ((nowMs - this.#refilledMs) / 1000) * perSecond);
    this.#refilledMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance -= 1;
    return true;
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
    const [type, body] = this.#document(request);
    response.writeHead(isRead ? 200 : 405, {
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

  #document(request: IncomingMessage): readonly [type: string, body: string] {
    if (request.url === "/robots.txt") return ["text/plain", "User-agent: *\nDisallow: /\n"];
    const wantsHtml = /\btext\/html\b/i.test(request.headers.accept ?? "");
    return wantsHtml ? ["text/html", noticeHtml(this.#facts)] : ["text/plain", noticeText(this.#facts)];
  }
}
