import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
  type Settings,
} from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { abortReason, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { errorFromAnswer } from "./answer.ts";
import type { CountedStream, StreamCounts } from "./counted-stream.ts";
import { hardenStream } from "./harden-stream.ts";
import type { Toward } from "./hop-word.ts";
import { cutSession } from "./http2-profile.ts";
import { KeepAlive } from "./keep-alive.ts";
import { LINK_LIMITS } from "./limits.ts";
import { type Excess, LinkConduct } from "./link-conduct.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { headerListBytes } from "./request-room.ts";
import { TinyWrites } from "./tiny-writes.ts";
import { unprocessed } from "./unprocessed.ts";

/** What a link works with. */
export interface LinkComponents {
  readonly clock: Clock;
  /** Told of streams whose reader does not keep up. */
  readonly budget: ByteBudget;
}

/** A request on a link. */
export interface LinkRequest {
  readonly headers: OutgoingHttpHeaders;
  readonly toward: Toward;
  /** First bytes of the stream, sent with the request and before its answer. */
  readonly early?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A stream that may be written to at once; `accepted` settles when the hop has answered. */
export interface PendingStream {
  readonly stream: CountedStream;
  /** Resolves with a 200, of which nothing is kept; rejects with the hop's refusal, the loss of the link, or the abort reason. */
  readonly accepted: Promise<void>;
  /** Takes the request back: resets the stream and rejects `accepted` with `reason`, unless it has settled. */
  cancel(reason: BywayError): void;
}

/** A session whose far end has proved who it is. */
export interface OpenedSession {
  readonly session: ClientHttp2Session;
  /** What it runs over. */
  readonly connection: Duplex;
  readonly peerId: PeerId;
  /** What the hop was told that it may send ahead on each stream. */
  readonly windowBytes: number;
}

/**
 * The client end of one hop: an HTTP/2 session (RFC 9113) inside TLS 1.3 whose far end proved to be `peerId`.
 * Owns its connection. `openLink` makes one.
 */
export class Link {
  readonly peerId: PeerId;
  /** Settles when the connection is gone, for whatever reason; never rejects. */
  readonly closed: Promise<void>;
  /** What its streams are known to when their reader does not keep up. */
  readonly budget: ByteBudget;
  readonly #session: ClientHttp2Session;
  readonly #connection: Duplex;
  readonly #clock: Clock;
  readonly #keepAlive: KeepAlive;
  readonly #window: ReceiveWindow;
  readonly #tinyWrites: TinyWrites;
  readonly #conduct: LinkConduct;
  /** Settles when the hop has sent its settings or the link is closed. */
  readonly #firstSettings: Promise<void>;
  #ping: Promise<number> | undefined;
  #lastPingMs: number | undefined;
  /** Hundreds of streams that are late doubt one link; the hop ends it for too many pings. */
  readonly #pings = new TokenBucket({
    perSecond: LINK_LIMITS.ownPingsPerSecond.value,
    burst: LINK_LIMITS.ownPingBurst.value,
  });
  #streams = 0;
  #room: number = LINK_LIMITS.streamsPerLink.value;
  #failure: BywayError | undefined;

  constructor(components: LinkComponents, { session, connection, peerId, windowBytes }: OpenedSession) {
    this.peerId = peerId;
    this.#session = session;
    this.#connection = connection;
    this.#clock = components.clock;
    this.budget = components.budget;
    this.closed = new Promise((resolve) => session.once("close", resolve));
    this.#firstSettings = new Promise((resolve) => {
      session.once("remoteSettings", () => resolve()).once("close", resolve);
    });
    session.on("remoteSettings", ({ maxConcurrentStreams = LINK_LIMITS.streamsPerLink.value }) => {
      // A hop that allows none would never get the stream whose failure tells.
      this.#room = Math.min(LINK_LIMITS.streamsPerLink.value, Math.max(maxConcurrentStreams, 1));
    });
    session.on("error", (cause) => {
      this.#failure ??= new BywayError("ERR_HOP_LOST", "the link broke", { cause });
    });
    session.on("goaway", (code: number) => {
      if (code !== 0)
        this.#failure ??= new BywayError("ERR_HOP_LOST", `the hop ended the link with HTTP/2 error ${code}`);
    });
    this.#keepAlive = new KeepAlive(components, session, {
      onDead: () => this.destroy(new BywayError("ERR_HOP_LOST", "the hop no longer answers pings")),
      onIdle: () => this.close(),
      streams: () => this.#streams,
      bytesReceived: () => this.bytesReceived,
    });
    this.#window = new ReceiveWindow(session, this.#keepAlive, windowBytes);
    this.#tinyWrites = new TinyWrites(components);
    this.#conduct = new LinkConduct(components, (of) => this.#calm(of));
  }

  /** Whether new streams can be opened. */
  get usable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Whether nothing goes over it any more; one that only takes no new streams has not ended. */
  get ended(): boolean {
    return this.#session.destroyed;
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams;
  }

  /** How many further streams the hop takes at once. */
  get room(): number {
    return this.usable ? this.#room - this.#streams : 0;
  }

  /** Bytes that came from the hop so far. */
  get bytesReceived(): number {
    return (this.#connection as Partial<Socket>).bytesRead ?? 0;
  }

  /** Bytes carried so far, both ways. */
  get bytes(): number {
    return this.bytesReceived + ((this.#connection as Partial<Socket>).bytesWritten ?? 0);
  }

  /** Smallest round trip that a ping took, in ms; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#keepAlive.roundTripMs;
  }

  /** Sends a request that stays open as a byte stream (CONNECT, RFC 9113 §8.5, or extended CONNECT, RFC 8441). */
  open(request: LinkRequest): PendingStream {
    if (!this.usable) throw unprocessed(this.#lost());
    if (request.signal?.aborted === true) throw abortReason(request.signal);
    const stream = hardenStream(this.#session.request(request.headers, { endStream: false }), {
      budget: this.budget,
      window: this.#window,
      conduct: this.#conduct,
      tinyWrites: this.#tinyWrites,
      lost: this.#whyLost,
    });
    this.#streams += 1;
    stream.once("close", () => {
      this.#streams -= 1;
    });
    if (request.early !== undefined && request.early.length > 0) stream.write(request.early);
    return this.#pending(stream, request);
  }

  /**
   * Resolves once the hop's settings allow extended CONNECT (RFC 8441 §3).
   * Throws ERR_HOP_ROLE when they do not, ERR_HOP_LOST, or the abort reason, since a hop may never send any.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    if (this.usable && this.#session.remoteSettings?.enableConnectProtocol !== true) {
      await withAbort(this.#firstSettings, signal);
    }
    if (!this.usable) throw this.#lost();
    const settings: Settings = this.#session.remoteSettings;
    if (settings.enableConnectProtocol !== true) {
      throw new BywayError("ERR_HOP_ROLE", "the hop does not offer extended CONNECT");
    }
  }

  /** Reads `path` of the hop as text, at most `describeBytes` long. */
  async get(path: string, signal?: AbortSignal): Promise<string> {
    const headers = { ":method": "GET", ":path": path, ":scheme": "https", ":authority": "byway.alt" };
    const { stream, accepted } = this.open({ headers, toward: "node", signal });
    stream.end();
    const body = this.#body(stream, path);
    body.catch(() => {});
    await accepted;
    return body;
  }

  /**
   * Measures one round trip in ms; rejects with ERR_HOP_LOST. All who ask while a ping is on its way share it: Node takes ten
   * at once and refuses more, and on a slow way one may stand behind megabytes. Who asks far more often than a hop allows gets
   * the last answer, which is then a moment old.
   */
  ping(): Promise<number> {
    if (this.#ping !== undefined) return this.#ping;
    const lastMs = this.ended ? undefined : this.#lastPingMs;
    if (lastMs !== undefined && !this.#pings.tryTake(this.#clock.monotonicMs())) return Promise.resolve(lastMs);
    this.#ping = this.#keepAlive.ping().finally(() => {
      this.#ping = undefined;
    });
    this.#ping.then(
      (ms) => {
        this.#lastPingMs = ms;
      },
      () => {},
    );
    return this.#ping;
  }

  /** Lets open streams finish, takes no new ones, then closes (GOAWAY, RFC 9113 §6.8). */
  close(): void {
    if (this.usable) this.#session.close();
  }

  /** Ends the link and every stream on it now. */
  destroy(reason?: BywayError): void {
    this.#failure ??= reason ?? closed();
    cutSession(this.#session, this.#failure);
    // The session alone would wait until its last frames are out, which a hop that does not read can put off for ever.
    this.#connection.destroy();
  }

  // Async iteration would take Http2Stream's own `closed` for "all is read" and fail on a short answer.
  #body(stream: Duplex, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = "";
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length <= LINK_LIMITS.describeBytes.value) return;
        reject(new BywayError("ERR_HOP_PROTOCOL", `the hop's answer to ${path} is too long`));
        stream.destroy();
      });
      stream.once("end", () => resolve(text));
      stream.once("close", () => reject(this.#lost()));
    });
  }

  #lost(): BywayError {
    return this.#failure ?? closed();
  }

  readonly #whyLost = (): BywayError | undefined => (this.ended ? this.#lost() : undefined);

  #pending(stream: ClientHttp2Stream & StreamCounts, { signal, toward }: LinkRequest): PendingStream {
    const { promise: accepted, resolve, reject } = Promise.withResolvers<void>();
    accepted.catch(() => {});
    let settled = false;
    const settle = (): void => {
      settled = true;
      signal?.removeEventListener("abort", onAbort);
    };
    const cancel = (reason: BywayError): void => {
      if (settled) return;
      settle();
      reject(reason);
      // Merely closed, it would first send END_STREAM, which says that the app has nothing to add.
      abortStream(stream);
    };
    const onAbort = (): void => cancel(abortReason(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    // Its content would be of no use to anyone, and a hop could send such for ever.
    stream.on("headers", () => this.#conduct.sentInterim());
    stream.once("response", (headers, _flags, raw) => {
      if (settled) return;
      settle();
      // Of itself Node takes 64 KB.
      if (headerListBytes(raw) > LINK_LIMITS.headerListBytes.value) {
        reject(new BywayError("ERR_HOP_PROTOCOL", "the head of the hop's answer is too long"));
        abortStream(stream);
        return;
      }
      if (headers[":status"] === 200) {
        resolve();
        return;
      }
      reject(errorFromAnswer(headers, toward));
      this.#drain(stream);
    });
    stream.once("close", () => {
      if (settled) return;
      settle();
      // What a GOAWAY leaves out is closed so as well.
      if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) reject(unprocessed(refused()));
      else if (this.ended) reject(this.#lost());
      else if (stream.errored instanceof BywayError)
        reject(new BywayError("ERR_HOP_LIMIT", "the hop has no memory left for the stream"));
      else reject(new BywayError("ERR_HOP_LOST", "the hop reset the stream before it answered"));
    });
    return { stream, accepted, cancel };
  }

  /** Leaves a hop that does too much of something (RFC 9113 §7, ENHANCE_YOUR_CALM). */
  #calm(of: Excess): void {
    if (!this.#session.destroyed) this.#session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.destroy(new BywayError("ERR_HOP_PROTOCOL", `the hop sent too many ${of}`));
  }

  /** Ends a refused stream without RST_STREAM, of which a hop tolerates only so many. */
  #drain(stream: ClientHttp2Stream): void {
    stream.resume();
    stream.end();
    const timer = this.#clock.after(LINK_LIMITS.drainMs.value, () => stream.destroy());
    stream.once("close", () => timer.cancel());
  }
}

function refused(): BywayError {
  return new BywayError("ERR_HOP_LOST", "the hop closed the link or the stream before it read the request");
}

function closed(): BywayError {
  return new BywayError("ERR_HOP_LOST", "the link closed");
}
