import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { addressNetwork } from "./address-crowd.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type NoticeFacts, noticeHtml, noticeText } from "./notice-page.ts";
import { securityTxt } from "./security-txt.ts";

/** How many answers there may be. */
export interface NoticeBounds {
  readonly open: number;
  /** Of one /24 (IPv4) or /48 (IPv6). */
  readonly networkOpen: number;
  readonly perSecond: number;
  readonly networkPerSecond: number;
  readonly networkBurst: number;
}

const WHOLE_NODE: NoticeBounds = {
  open: LINK_LIMITS.openNotices.value,
  networkOpen: LINK_LIMITS.networkNotices.value,
  perSecond: LINK_LIMITS.noticesPerSecond.value,
  networkPerSecond: LINK_LIMITS.networkNoticesPerSecond.value,
  networkBurst: LINK_LIMITS.networkNoticeBurst.value,
};

/** How fast notices may be asked for. Networks that had none for a second have as much again, beside all the others. */
export function noticeGate(clock: Clock, bounds: NoticeBounds = WHOLE_NODE): ConnectionGate {
  const all = { perSecond: bounds.perSecond, burst: bounds.perSecond };
  const network = { perSecond: bounds.networkPerSecond, burst: bounds.networkBurst };
  return new ConnectionGate({ clock }, { all, quiet: all, network });
}

/**
 * Answers HTTP/1.1 on a node's port: what this address is, whatever was asked. It is no proxy: nothing is forwarded, no
 * body is read, and each connection gets one answer. Places and answers are shared fairly between networks.
 */
export class NoticeServer {
  readonly #clock: Clock;
  readonly #refusals: RefusalCounts | undefined;
  readonly #facts: NoticeFacts;
  /** What each open connection is ended by in time. */
  readonly #open = new Map<Socket, Timer>();
  readonly #places: Semaphore;
  readonly #gate: ConnectionGate;
  #server: http.Server | undefined;

  constructor(
    components: { readonly clock: Clock; readonly refusals?: RefusalCounts | undefined },
    facts: NoticeFacts,
    bounds: NoticeBounds = WHOLE_NODE,
  ) {
    this.#clock = components.clock;
    this.#refusals = components.refusals;
    this.#facts = facts;
    this.#places = new Semaphore({ most: bounds.open, mostPerKey: bounds.networkOpen });
    this.#gate = noticeGate(this.#clock, bounds);
  }

  /** Answers one connection and closes it, or closes it at once where there are too many. Owns it from here on. */
  accept(socket: Socket): void {
    const remoteAddress = socket.remoteAddress ?? "";
    const close = (): void => void socket.destroy();
    const release = this.#gate.admit(remoteAddress)
      ? this.#places.tryAcquire(addressNetwork(remoteAddress), close)
      : undefined;
    if (release === undefined) {
      this.#refusals?.count("notices");
      close();
      return;
    }
    this.#open.set(socket, this.#clock.after(LINK_LIMITS.noticeHeadMs.value, close));
    socket.once("close", () => {
      this.#open.get(socket)?.cancel();
      this.#open.delete(socket);
      release();
    });
    this.#server ??= this.#createServer();
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Ends all connections; settles when they are gone. */
  async stop(): Promise<void> {
    const gone = [...this.#open.keys()].map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of this.#open.keys()) socket.destroy();
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
    const { socket } = request;
    this.#open.get(socket)?.cancel();
    this.#open.set(
      socket,
      this.#clock.after(LINK_LIMITS.handshakeMs.value, () => void socket.destroy()),
    );
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
