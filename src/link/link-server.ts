import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { parseHopAuthority } from "../wire/hop-authority.ts";
import { BANDWIDTH_PATH, type BandwidthService } from "./bandwidth-service.ts";
import { linkSettings, SESSION_OPTIONS, widenLink } from "./http2-profile.ts";
import { IncomingStream } from "./incoming-stream.ts";
import { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkPlaces } from "./link-places.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { serverTls, type TlsChoice } from "./tls-profile.ts";

/** What a node does with the requests on its links; a missing service means that the node lacks the role. */
export interface LinkServices {
  /** `CONNECT host:port`: a TCP stream to a target. */
  readonly connectTarget?: ((incoming: IncomingStream) => Promise<void>) | undefined;
  /** Extended CONNECT `connect-udp` (RFC 9298). */
  readonly connectUdp?: ((incoming: IncomingStream) => Promise<void>) | undefined;
  /** `CONNECT <peer id>.byway.alt:443`: onward to the next hop. */
  readonly connectHop?: ((incoming: IncomingStream, peerId: string) => Promise<void>) | undefined;
  /** The document at `/.well-known/byway`. */
  readonly describe: () => unknown;
  /** Lets peers measure their line; absent where this node does not. */
  readonly bandwidth?: Pick<BandwidthService, "send" | "take"> | undefined;
}

/** What the links of a node carry. */
export interface LinkUsage {
  /** Streams open now. */
  readonly streams: number;
  /** Bytes since the start, both ways. */
  readonly bytes: number;
}

/** Identity of the server end. */
export interface LinkServerOptions extends TlsChoice {
  readonly certPem: string;
  readonly keyPem: string;
}

/** The server end of links: takes connections from any transport, speaks TLS 1.3 + HTTP/2, dispatches requests. */
export class LinkServer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: ByteBudget;
  readonly #services: LinkServices;
  readonly #tls: Server;
  readonly #connections = new Set<Duplex>();
  readonly #places = new LinkPlaces();
  /** Open streams by session. */
  readonly #sessions = new Map<ServerHttp2Session, number>();
  #nextLinkId = 1;
  /** Bytes of connections that are closed. */
  #bytesBefore = 0;
  #stopped = false;

  constructor(
    components: { clock: Clock; logger: Logger; budget: ByteBudget; services: LinkServices },
    options: LinkServerOptions,
  ) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#budget = components.budget;
    this.#services = components.services;
    this.#tls = createServer({
      ...serverTls(options.certPem, options.keyPem, options),
      handshakeTimeout: LINK_LIMITS.handshakeMs.value,
    });
    this.#tls.on("secureConnection", (socket: TLSSocket) => this.#serve(socket));
    this.#tls.on("tlsClientError", (error: Error, socket: TLSSocket) => {
      this.#logger.debug("a TLS handshake failed", { code: (error as NodeJS.ErrnoException).code });
      socket.destroy();
    });
  }

  /** Links open now. */
  get links(): number {
    return this.#sessions.size;
  }

  /** Share of the places for links that is taken, 0 to 1. */
  get takenShare(): number {
    return this.#places.takenShare;
  }

  /** The same in tenths. */
  get load(): number {
    return this.#places.load;
  }

  /** What is carried, over all links. */
  get usage(): LinkUsage {
    let bytes = this.#bytesBefore;
    for (const raw of this.#connections) bytes += bytesOf(raw);
    let streams = 0;
    for (const open of this.#sessions.values()) streams += open;
    return { streams, bytes };
  }

  /** Serves one incoming connection; owns it from here on. */
  accept(raw: Duplex): void {
    const release = this.#stopped ? undefined : this.#places.take((raw as Partial<Socket>).remoteAddress ?? "");
    if (release === undefined) {
      raw.destroy();
      return;
    }
    this.#connections.add(raw);
    raw.on("error", () => {});
    raw.once("close", () => {
      this.#connections.delete(raw);
      this.#bytesBefore += bytesOf(raw);
      release();
    });
    raw.allowHalfOpen = false;
    this.#tls.emit("connection", raw);
  }

  /** Tells every link to go away, gives open streams `graceMs` to finish, then ends all connections. */
  async stop(graceMs = 0): Promise<void> {
    this.#stopped = true;
    const gone = Promise.all([...this.#connections].map((raw) => new Promise((resolve) => raw.once("close", resolve))));
    for (const session of this.#sessions.keys()) session.close();
    if (graceMs > 0 && this.#connections.size > 0) {
      let timer: Disposable | undefined;
      await Promise.race([gone, new Promise<void>((resolve) => (timer = this.#clock.after(graceMs, resolve)))]);
      timer?.[Symbol.dispose]();
    }
    for (const session of this.#sessions.keys()) session.destroy();
    for (const raw of this.#connections) raw.destroy();
    await gone;
  }

  #serve(socket: TLSSocket): void {
    socket.on("error", () => {});
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return;
    }
    const session = performServerHandshake(socket, {
      ...SESSION_OPTIONS,
      settings: { ...linkSettings(LINK_LIMITS.streamWindowBytes.value), enableConnectProtocol: true },
    });
    const link = { id: this.#nextLinkId++, remoteAddress: socket.remoteAddress ?? "" };
    widenLink(session);
    this.#sessions.set(session, 0);
    session.on("error", (error: Error) =>
      this.#logger.debug("a link broke", { linkId: link.id, reason: error.message }),
    );
    session.once("close", () => {
      this.#sessions.delete(session);
      socket.destroy();
    });
    const keepAlive = new KeepAlive({ clock: this.#clock }, session, {
      onDead: () => session.destroy(),
      onIdle: () => session.close(),
      streams: () => this.#sessions.get(session) ?? 0,
      bytesReceived: () => socket.bytesRead,
    });
    const watch = {
      clock: this.#clock,
      budget: this.#budget,
      window: new ReceiveWindow(session, keepAlive, LINK_LIMITS.streamWindowBytes.value),
    };
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      this.#count(session, 1);
      stream.once("close", () => this.#count(session, -1));
      const incoming = new IncomingStream(watch, stream, headers, link);
      this.#dispatch(incoming).catch((error: unknown) => {
        const refusal = toBywayError(error);
        if (refusal.code === "ERR_INTERNAL") this.#logger.error("a request failed unexpectedly", { error: refusal });
        incoming.refuse(refusal);
      });
    });
  }

  #count(session: ServerHttp2Session, change: number): void {
    const streams = this.#sessions.get(session);
    if (streams !== undefined) this.#sessions.set(session, streams + change);
  }

  async #dispatch(incoming: IncomingStream): Promise<void> {
    const { ":method": method, ":protocol": protocol, ":path": path } = incoming.headers;
    if (method === "CONNECT" && protocol === undefined) {
      const peerId = parseHopAuthority(incoming.authority);
      if (peerId !== undefined) return required(this.#services.connectHop, "relay")(incoming, peerId);
      return required(this.#services.connectTarget, "exit")(incoming);
    }
    if (method === "CONNECT" && protocol === "connect-udp")
      return required(this.#services.connectUdp, "exit")(incoming);
    if (method === "GET" && path === "/.well-known/byway") return incoming.reply(200, this.#services.describe());
    const { bandwidth } = this.#services;
    if (bandwidth !== undefined && path?.split("?", 1)[0] === BANDWIDTH_PATH) {
      if (method === "GET") return bandwidth.send(incoming);
      if (method === "POST") return bandwidth.take(incoming);
    }
    throw new BywayError("ERR_REQUEST_MALFORMED", "this hop serves CONNECT and what is below /.well-known/byway only");
  }
}

function bytesOf(raw: Duplex): number {
  const { bytesRead = 0, bytesWritten = 0 } = raw as Partial<Socket>;
  return bytesRead + bytesWritten;
}

function required<T>(service: T | undefined, role: string): T {
  if (service === undefined) throw new BywayError("ERR_HOP_ROLE", `this node does not have the role ${role}`);
  return service;
}
