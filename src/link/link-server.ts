import {
  constants,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { parseHopAuthority } from "../wire/hop-authority.ts";
import { BANDWIDTH_PATH, type BandwidthService } from "./bandwidth-service.ts";
import { HandshakeQueue } from "./handshake-queue.ts";
import { cutSession, linkSettings, SESSION_OPTIONS, widenLink } from "./http2-profile.ts";
import { IncomingStream } from "./incoming-stream.ts";
import { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type Excess, LinkConduct, sharedRefusals } from "./link-conduct.ts";
import { CROWDED, LinkPlaces } from "./link-places.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { headerListBytes, RequestRoom } from "./request-room.ts";
import { ServedConnections } from "./served-connections.ts";
import { TinyWrites } from "./tiny-writes.ts";
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
  /** Why nothing new is carried at the moment; undefined while it is. Asked before each request but that for the document. */
  readonly refusal?: (() => BywayError | undefined) | undefined;
  /** A link is over. */
  readonly onLinkEnd?: ((linkId: number) => void) | undefined;
  /** Lets peers measure their line; absent where this node does not. */
  readonly bandwidth?: Pick<BandwidthService, "send" | "take"> | undefined;
}

/** What the links of a node carry. */
export interface LinkUsage {
  /** Links open now. */
  readonly links: number;
  /** Requests that are being served now; those that were refused are not, however long they take to end. */
  readonly streams: number;
  /** Bytes since the start. */
  readonly received: number;
  readonly sent: number;
}

/** Identity of the server end. */
export interface LinkServerOptions extends TlsChoice {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What the server end is made of. */
export interface LinkServerComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: ByteBudget;
  readonly services: LinkServices;
  readonly refusals?: RefusalCounts | undefined;
  /** Share of the links of the whole node that are taken, 0 to 1; this end's own when absent. */
  readonly load?: (() => number) | undefined;
  /** Bounds its links; those of `limits.ts` when absent. */
  readonly places?: LinkPlaces | undefined;
  /** Lets TLS handshakes begin; one of its own when absent. */
  readonly handshakes?: HandshakeQueue | undefined;
}

const CALM = constants.NGHTTP2_ENHANCE_YOUR_CALM;

// Made once, as there may be thousands of streams on the links that end so.
const STOPPED = new BywayError("ERR_STOPPED", "the node stopped");
const SILENT = new BywayError("ERR_ABORTED", "the far side of the link no longer answers pings");
const CALMED = new BywayError("ERR_ABORTED", "the far side of the link did too much of something");
const GONE = new BywayError("ERR_ABORTED", "the far side of the link is gone");

/** The server end of links: takes connections from any transport, speaks TLS 1.3 + HTTP/2, dispatches requests. */
export class LinkServer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: ByteBudget;
  readonly #services: LinkServices;
  readonly #tls: Server;
  readonly #connections: ServedConnections;
  readonly #refusals: RefusalCounts | undefined;
  readonly #load: () => number;
  readonly #places: LinkPlaces;
  readonly #handshakes: HandshakeQueue;
  readonly #sharedRefusals = sharedRefusals();
  readonly #requests = new RequestRoom();
  /** Handshakes that are not over, by the two ends of their connections. */
  readonly #shaking = new Map<string, Shaking>();
  /** Open streams by session. */
  readonly #sessions = new Map<ServerHttp2Session, Set<ServerHttp2Stream>>();
  #nextLinkId = 1;
  /** Requests of which the service is not over. */
  #serving = 0;
  #stopped = false;

  constructor(components: LinkServerComponents, options: LinkServerOptions) {
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#budget = components.budget;
    this.#services = components.services;
    this.#refusals = components.refusals;
    this.#places = components.places ?? new LinkPlaces(undefined, components.refusals);
    this.#connections = new ServedConnections({ ...components, places: this.#places });
    this.#load = components.load ?? (() => this.#places.takenShare);
    this.#handshakes = components.handshakes ?? new HandshakeQueue(components);
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
    return { links: this.#sessions.size, streams: this.#serving, ...this.#connections.bytes };
  }

  /** Serves one incoming connection; owns it from here on. */
  accept(raw: Duplex): void {
    if (this.#stopped || !this.#connections.add(raw)) {
      raw.destroy();
      return;
    }
    raw.on("error", () => {});
    raw.allowHalfOpen = false;
    const remote = remoteOf(raw);
    if (remote === undefined) this.#tls.emit("connection", raw);
    else this.#queue(raw, remote);
  }

  /** As `ServedConnections.idleSinceMs`. */
  idleSinceMs(raw: Duplex): number | undefined {
    return this.#connections.idleSinceMs(raw);
  }

  /** As `ServedConnections.giveWay`. */
  giveWay(raw: Duplex): boolean {
    return this.#connections.giveWay(raw);
  }

  #queue(raw: Duplex, remote: Remote): void {
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      if (this.#shaking.get(remote.key) === shaking) this.#shaking.delete(remote.key);
      exit();
    };
    const shaking: Shaking = { raw, leave };
    this.#shaking.set(remote.key, shaking);
    raw.once("close", leave);
    const exit = this.#handshakes.enter(remote.address, {
      start: () => void this.#tls.emit("connection", raw),
      drop: () => abortStream(raw),
    });
  }

  /** Tells every link to go away, gives open streams `graceMs` to finish, then ends all connections. */
  async stop(graceMs = 0): Promise<void> {
    this.#stopped = true;
    const gone = Promise.all(this.#connections.all.map((raw) => new Promise((resolve) => raw.once("close", resolve))));
    for (const session of this.#sessions.keys()) session.close();
    if (graceMs > 0 && this.#connections.all.length > 0) {
      let timer: Disposable | undefined;
      await Promise.race([gone, new Promise<void>((resolve) => (timer = this.#clock.after(graceMs, resolve)))]);
      timer?.[Symbol.dispose]();
    }
    for (const session of this.#sessions.keys()) cutSession(session, STOPPED);
    for (const raw of this.#connections.all) raw.destroy();
    await gone;
  }

  /** Resets every stream that stands; links stay. */
  endStreams(reason: BywayError): void {
    for (const open of this.#sessions.values()) for (const stream of open) abortStream(stream, reason);
  }

  #serve(socket: TLSSocket): void {
    socket.on("error", () => {});
    const shaking = this.#shaking.get(remoteOf(socket)?.key ?? "");
    shaking?.leave();
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      return;
    }
    const session = performServerHandshake(socket, {
      ...SESSION_OPTIONS,
      settings: {
        ...linkSettings(LINK_LIMITS.streamWindowBytes.value),
        enableConnectProtocol: true,
        // Node itself resets what is longer, once the peer has acknowledged it.
        maxHeaderListSize: LINK_LIMITS.headerListBytes.value,
      },
    });
    // What comes by memory has no ends to be known by, and never gives way.
    const raw = shaking?.raw ?? socket;
    const id = this.#nextLinkId++;
    const conduct = new LinkConduct({ clock: this.#clock, refusals: this.#sharedRefusals }, (of) =>
      this.#calm(session, raw, id, of),
    );
    session.on("ping", () => conduct.pinged()).on("remoteSettings", () => conduct.changedSettings());
    const link = { id, remoteAddress: socket.remoteAddress ?? "", conduct };
    widenLink(session);
    const open = new Set<ServerHttp2Stream>();
    this.#sessions.set(session, open);
    const close = (): void => this.#close(session, raw);
    const use = this.#connections.opened(raw, close);
    const inUse = new Set<ServerHttp2Stream>();
    session.on("error", (error: Error) =>
      this.#logger.debug("a link broke", { linkId: link.id, reason: error.message }),
    );
    session.once("close", () => {
      this.#sessions.delete(session);
      this.#services.onLinkEnd?.(id);
      socket.destroy();
    });
    const keepAlive = new KeepAlive({ clock: this.#clock }, session, {
      onDead: () => cutSession(session, SILENT),
      onIdle: close,
      streams: () => open.size,
      bytesReceived: () => socket.bytesRead,
      idleMs: () => (this.#load() < CROWDED ? LINK_LIMITS.idleMs : LINK_LIMITS.crowdedIdleMs).value,
    });
    const watch = {
      clock: this.#clock,
      budget: this.#budget,
      window: new ReceiveWindow(session, keepAlive, LINK_LIMITS.streamWindowBytes.value),
      conduct,
      tinyWrites: new TinyWrites({ clock: this.#clock }),
      lost: () => (session.destroyed ? GONE : undefined),
    };
    session.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) => {
      open.add(stream);
      if (inUse.size === 0) use(true);
      inUse.add(stream);
      // One that is answered makes no use of the link, however long the peer leaves it open.
      const done = (): void => {
        if (inUse.delete(stream) && inUse.size === 0) use(false);
      };
      stream.once("close", () => {
        open.delete(stream);
        done();
      });
      const incoming = new IncomingStream(watch, stream, headers, link);
      incoming.onDone(done);
      const bytes = headerListBytes(raw);
      if (bytes > LINK_LIMITS.headerListBytes.value) conduct.sentLongList();
      void this.#answer(incoming, bytes);
    });
  }

  /** Closes an idle link; a peer that does not close its side in turn must not keep the connection. */
  #close(session: ServerHttp2Session, raw: Duplex): void {
    session.close();
    this.#letGo(raw);
  }

  #letGo(raw: Duplex): void {
    const timer = this.#clock.after(LINK_LIMITS.closingMs.value, () => raw.destroy());
    raw.once("close", () => timer.cancel());
  }

  /**
   * Sends the peer of a link away that does too much of something (RFC 9113 §7, ENHANCE_YOUR_CALM). Of one whose requests are
   * refused too often nothing is cut that was accepted: it may just have met a node that is full.
   */
  #calm(session: ServerHttp2Session, raw: Duplex, linkId: number, of: Excess): void {
    this.#refusals?.count(`too many ${of}`);
    this.#logger.debug("a link broke", { linkId, reason: `too many ${of}` });
    if (session.destroyed) return;
    if (of === "refused requests" && this.#hasAccepted(session)) {
      // With an error code the peer would cut them itself. No further request is looked at from here on.
      session.close();
      session.once("close", () => this.#letGo(raw));
      return;
    }
    session.goaway(CALM);
    if (of !== "refused requests") {
      cutSession(session, CALMED, CALM);
      return;
    }
    // An honest peer must come to read why; requests after a GOAWAY are not even looked at.
    const timer = this.#clock.after(LINK_LIMITS.refusedDrainMs.value, () => cutSession(session, CALMED, CALM));
    session.once("close", () => timer.cancel());
  }

  #hasAccepted(session: ServerHttp2Session): boolean {
    const open = this.#sessions.get(session) ?? [];
    return [...open].some((stream) => stream.sentHeaders?.[":status"] === 200);
  }

  async #answer(incoming: IncomingStream, bytes: number): Promise<void> {
    this.#serving += 1;
    try {
      incoming.onAnswered(this.#requests.take(incoming, bytes));
      const served = this.#dispatch(incoming);
      // A service reads what it needs before it waits for anything.
      incoming.dropHeaders();
      await served;
    } catch (error) {
      const refusal = toBywayError(error);
      if (refusal.code === "ERR_INTERNAL") this.#logger.error("a request failed unexpectedly", { error: refusal });
      if (typeof refusal.data.by === "string") this.#refusals?.count(refusal.data.by);
      incoming.refuse(refusal);
    } finally {
      this.#serving -= 1;
    }
  }

  async #dispatch(incoming: IncomingStream): Promise<void> {
    const { ":method": method, ":protocol": protocol, ":path": path } = incoming.headers;
    if (method === "GET" && path === "/.well-known/byway") return incoming.reply(200, this.#services.describe());
    const refusal = this.#services.refusal?.();
    if (refusal !== undefined) throw refusal;
    if (method === "CONNECT" && protocol === undefined) {
      const peerId = parseHopAuthority(incoming.authority);
      if (peerId !== undefined) return required(this.#services.connectHop, "relay")(incoming, peerId);
      return required(this.#services.connectTarget, "exit")(incoming);
    }
    if (method === "CONNECT" && protocol === "connect-udp")
      return required(this.#services.connectUdp, "exit")(incoming);
    const { bandwidth } = this.#services;
    if (bandwidth !== undefined && path?.split("?", 1)[0] === BANDWIDTH_PATH) {
      if (method === "GET") return bandwidth.send(incoming);
      if (method === "POST") return bandwidth.take(incoming);
    }
    throw new BywayError("ERR_REQUEST_MALFORMED", "this hop serves CONNECT and what is below /.well-known/byway only");
  }
}

interface Shaking {
  readonly raw: Duplex;
  /** Gives the place among the handshakes back. */
  readonly leave: () => void;
}

/** The far end of a TCP connection. */
interface Remote {
  readonly address: string;
  /** Of this connection alone. */
  readonly key: string;
}

function remoteOf(raw: Duplex): Remote | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = raw as Partial<Socket>;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { address: remoteAddress, key: `${remoteAddress} ${remotePort} ${localAddress} ${localPort}` };
}

function required<T>(service: T | undefined, role: string): T {
  if (service === undefined) throw new BywayError("ERR_HOP_ROLE", `this node does not have the role ${role}`);
  return service;
}
