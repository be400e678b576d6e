import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { LinkPace } from "../flow/line-pace-link.ts";
import { Meter } from "../flow/meter.ts";
import { HandshakeQueue } from "./handshake-queue.ts";
import { LINK_LIMITS } from "./limits.ts";
import { sharedRefusals } from "./link-conduct.ts";
import { LinkHandshakes, type LinkServerOptions } from "./link-handshakes.ts";
import { CROWDED, LinkPlaces } from "./link-places.ts";
import { LinkSession, type LinkSessionParts } from "./link-session.ts";
import { RequestServer, type RequestServerComponents } from "./request-server.ts";
import { ServedConnections } from "./served-connections.ts";
import { ServedLink, type ServedLinkComponents } from "./served-link.ts";

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

/** What the server end is made of. */
export interface LinkServerComponents extends RequestServerComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  /** Share of the links of the whole node that are taken, 0 to 1; this server's own if absent. */
  readonly load?: (() => number) | undefined;
  /** Makes the pace of a link; nothing holds links back if absent. */
  readonly openPace?: (() => LinkPace) | undefined;
  /** Bounds its links; those of `limits.ts` if absent. */
  readonly places?: LinkPlaces | undefined;
  /** Lets TLS handshakes begin; one of its own if absent. */
  readonly handshakes?: HandshakeQueue | undefined;
}

// Made once, as there may be thousands of streams on the links that end so.
const STOPPED = new BywayError("ERR_STOPPED", "the node stopped");

/** The server end of links: takes connections from any transport, speaks TLS 1.3 + HTTP/2, serves requests by a table. */
export class LinkServer {
  /** Payload that all links carried since the start. */
  readonly meter: Meter = new Meter();
  readonly #clock: Clock;
  readonly #places: LinkPlaces;
  readonly #connections: ServedConnections;
  readonly #handshakes: LinkHandshakes;
  readonly #requests: RequestServer;
  readonly #ofLinks: ServedLinkComponents;
  readonly #shared: LinkSessionParts;
  readonly #links = new Set<ServedLink>();
  #nextLinkId = 1;
  #stopped = false;

  constructor(components: LinkServerComponents, options: LinkServerOptions) {
    this.#clock = components.clock;
    this.#shared = { openPace: components.openPace, whole: this.meter };
    this.#places = components.places ?? new LinkPlaces(undefined, components.refusals);
    this.#connections = new ServedConnections({ ...components, places: this.#places });
    this.#requests = new RequestServer(components);
    const queue = components.handshakes ?? new HandshakeQueue(components);
    this.#handshakes = new LinkHandshakes({ ...components, queue }, options, (socket, raw) => this.#serve(socket, raw));
    const load = components.load ?? (() => this.#places.takenShare);
    this.#ofLinks = {
      ...components,
      requests: this.#requests,
      connections: this.#connections,
      sharedRefusals: sharedRefusals(),
      onEnd: (link) => this.#links.delete(link),
      idleMs: () => (load() < CROWDED ? LINK_LIMITS.idleMs : LINK_LIMITS.crowdedIdleMs).value,
    };
  }

  /** Links open now. */
  get links(): number {
    return this.#links.size;
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
    return { links: this.#links.size, streams: this.#requests.serving, ...this.#connections.bytes };
  }

  /** Serves one incoming connection; owns it from here on. */
  accept(raw: Duplex): void {
    if (this.#stopped || !this.#connections.add(raw)) {
      raw.destroy();
      return;
    }
    raw.on("error", () => {});
    raw.allowHalfOpen = false;
    this.#handshakes.begin(raw);
  }

  /** As `ServedConnections.idleSinceMs`. */
  idleSinceMs(raw: Duplex): number | undefined {
    return this.#connections.idleSinceMs(raw);
  }

  /** As `ServedConnections.giveWay`. */
  giveWay(raw: Duplex): boolean {
    return this.#connections.giveWay(raw);
  }

  /** Tells every link to go away, gives open streams `graceMs` to finish, then ends all connections. */
  async stop(graceMs = 0): Promise<void> {
    this.#stopped = true;
    const gone = Promise.all(this.#connections.all.map((raw) => new Promise((resolve) => raw.once("close", resolve))));
    for (const link of this.#links) link.close();
    if (graceMs > 0 && this.#connections.all.length > 0) {
      let timer: Disposable | undefined;
      await Promise.race([gone, new Promise<void>((resolve) => (timer = this.#clock.after(graceMs, resolve)))]);
      timer?.[Symbol.dispose]();
    }
    for (const link of this.#links) link.cut(STOPPED);
    for (const raw of this.#connections.all) raw.destroy();
    await gone;
  }

  /** Resets every stream that stands; links stay. */
  endStreams(reason: BywayError): void {
    for (const link of this.#links) link.endStreams(reason);
  }

  #serve(socket: TLSSocket, raw: Duplex): void {
    const session = new LinkSession(this.#nextLinkId++, socket.remoteAddress ?? "", this.#shared);
    this.#links.add(new ServedLink(this.#ofLinks, socket, raw, session));
  }
}
