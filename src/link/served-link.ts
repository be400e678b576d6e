import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import type { TokenBucket } from "../rate/token-bucket.ts";
import { hardenStream, type StreamWatch } from "./harden-stream.ts";
import { ERROR_CODE } from "./http2/error-code.ts";
import { cutSession, serveSession, widenLink } from "./http2-profile.ts";
import { IncomingStream, type OwningLink } from "./incoming-stream.ts";
import { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type Excess, LinkConduct } from "./link-conduct.ts";
import type { LinkSession } from "./link-session.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { headerListBytes } from "./request-room.ts";
import type { RequestServer } from "./request-server.ts";
import type { ServedConnections } from "./served-connections.ts";
import { TinyWrites } from "./tiny-writes.ts";

/** What all links of a server have in common. */
export interface ServedLinkComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: ByteBudget;
  readonly requests: Pick<RequestServer, "answer">;
  readonly connections: Pick<ServedConnections, "opened">;
  /** Refused requests of all links together, as `sharedRefusals` makes it. */
  readonly sharedRefusals: TokenBucket;
  readonly refusals?: RefusalCounts | undefined;
  /** How long a link may be without streams. */
  readonly idleMs: () => number;
  /** Called when a link is over. */
  readonly onEnd: (link: ServedLink) => void;
}

// Made once, as there may be thousands of streams on the links that end so.
const SILENT = new BywayError("ERR_ABORTED", "the far side of the link no longer answers pings");
const CALMED = new BywayError("ERR_ABORTED", "the far side of the link did too much of something");
const GONE = new BywayError("ERR_ABORTED", "the far side of the link is gone");

/** One link at its server end: its HTTP/2 session and its streams, from the handshake on. */
export class ServedLink implements OwningLink {
  readonly session: LinkSession;
  readonly clock: Clock;
  readonly conduct: LinkConduct;
  readonly #components: ServedLinkComponents;
  readonly #http2: ServerHttp2Session;
  readonly #raw: Duplex;
  readonly #watch: StreamWatch;
  readonly #open = new Set<IncomingStream>();
  /** Streams whose answer is not whole. */
  #inUse = 0;
  /** Says whether the link is in use. */
  readonly #use: (isInUse: boolean) => void;

  /** Owns `socket`, and `raw` below it. `session` ends with the link. */
  constructor(components: ServedLinkComponents, socket: TLSSocket, raw: Duplex, session: LinkSession) {
    const { clock, budget } = components;
    this.session = session;
    this.clock = clock;
    this.#components = components;
    this.#raw = raw;
    const http2 = serveSession(socket);
    this.#http2 = http2;
    const conduct = new LinkConduct({ clock, refusals: components.sharedRefusals }, (of) => this.#calm(of));
    this.conduct = conduct;
    http2.on("ping", () => conduct.pinged()).on("remoteSettings", () => conduct.changedSettings());
    widenLink(http2);
    this.#use = components.connections.opened(raw, () => this.#closeIdle());
    http2.on("error", (error: Error) => this.#logBreak(error.message));
    http2.once("close", () => {
      components.onEnd(this);
      session.end();
      socket.destroy();
    });
    const keepAlive = new KeepAlive({ clock }, http2, {
      onDead: () => this.cut(SILENT),
      onIdle: () => this.#closeIdle(),
      streams: () => this.#open.size,
      bytesReceived: () => socket.bytesRead,
      idleMs: components.idleMs,
    });
    this.#watch = {
      budget,
      window: new ReceiveWindow(http2, keepAlive, LINK_LIMITS.streamWindowBytes.value),
      conduct,
      tinyWrites: new TinyWrites({ clock }),
      lost: () => (http2.destroyed ? GONE : undefined),
    };
    http2.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) =>
      this.#serve(stream, headers, headerListBytes(raw)),
    );
  }

  /** Tells the peer to go away; its open streams may finish. */
  close(): void {
    this.#http2.close();
  }

  /** Ends the link and resets its streams, which fail with `reason`. */
  cut(reason: BywayError): void {
    cutSession(this.#http2, reason);
  }

  /** Resets all streams; the link stays. */
  endStreams(reason: BywayError): void {
    for (const request of this.#open) request.abort(reason);
  }

  /** A request with its whole answer no longer uses the link, also if the peer leaves its stream open. */
  requestDone(): void {
    this.#inUse -= 1;
    if (this.#inUse === 0) this.#use(false);
  }

  requestClosed(request: IncomingStream): void {
    this.#open.delete(request);
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, bytes: number): void {
    hardenStream(stream, this.#watch);
    if (this.#inUse === 0) this.#use(true);
    this.#inUse += 1;
    const incoming = new IncomingStream(this, stream, headers);
    this.#open.add(incoming);
    if (bytes > LINK_LIMITS.headerListBytes.value) this.conduct.sentLongList();
    // The table of requests leads on: at an exit, a CONNECT to a target is served by `connectTarget`.
    void this.#components.requests.answer(incoming, bytes);
  }

  /** A peer that does not close its side in turn must not keep the connection. */
  #closeIdle(): void {
    this.#http2.close();
    this.#letGo();
  }

  #letGo(): void {
    const timer = this.clock.after(LINK_LIMITS.closingMs.value, () => this.#raw.destroy());
    this.#raw.once("close", () => timer.cancel());
  }

  /**
   * Sends the peer away that does too much of something (RFC 9113 §7, ENHANCE_YOUR_CALM). If its requests were refused too
   * often, no accepted stream is cut: the peer may just have met a node that is full.
   */
  #calm(of: Excess): void {
    const http2 = this.#http2;
    this.#components.refusals?.count(`too many ${of}`);
    this.#logBreak(`too many ${of}`);
    if (http2.destroyed) return;
    const isRefused = of === "refused requests";
    if (isRefused && this.#hasAccepted()) {
      // With an error code the peer would cut them itself. No further request is looked at from here on.
      http2.close();
      http2.once("close", () => this.#letGo());
      return;
    }
    http2.goaway(ERROR_CODE.enhanceYourCalm);
    const cut = (): void => cutSession(http2, CALMED, ERROR_CODE.enhanceYourCalm);
    if (!isRefused) {
      cut();
      return;
    }
    // An honest peer must come to read why; requests after a GOAWAY are not even looked at.
    const timer = this.clock.after(LINK_LIMITS.refusedDrainMs.value, cut);
    http2.once("close", () => timer.cancel());
  }

  #hasAccepted(): boolean {
    return [...this.#open].some(({ isAccepted }) => isAccepted);
  }

  #logBreak(reason: string): void {
    this.#components.logger.debug("a link broke", { link: this.session.id, reason });
  }
}
