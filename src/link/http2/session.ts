import type { Clock, Timer } from "../../core/clock.ts";
import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import { CLIENT_PREFACE, HIGHEST_31_BIT, SETTING, SMALLEST_MAX_FRAME_BYTES } from "./frame-format.ts";
import { FrameReader } from "./frame-reader.ts";
import { HpackDecoder } from "./hpack/decoder.ts";
import { Http2Error } from "./http2-error.ts";
import { IncomingFrames } from "./incoming-frames.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import { fieldOf } from "./message-fields.ts";
import { OwnPings } from "./own-pings.ts";
import { OwnSettings } from "./own-settings.ts";
import { initialPeerSettings, type PeerSettings } from "./peer-settings.ts";
import { Sender } from "./sender.ts";
import { SessionStream, type StreamHost, type StreamOwner } from "./session-stream.ts";
import type { SessionWatch } from "./session-watch.ts";
import { type Role, StreamTable } from "./stream-table.ts";
import type { Wire } from "./wire.ts";

/** What the user of a session hears of it. */
export interface SessionEvents {
  /**
   * A request came (server only): it is taken by giving `stream` an owner within the call, and refused otherwise. `fields`
   * are names and values by turns; undefined where there were too many. `listBytes` is their size (RFC 9113 §6.5.2).
   */
  onRequest?(stream: SessionStream, fields: readonly string[] | undefined, listBytes: number): void;
  /** The peer has sent SETTINGS, the first or further ones. */
  onSettings?(settings: Readonly<PeerSettings>): void;
  /** The peer takes no more requests (GOAWAY), for `code`. */
  onGoaway?(code: number): void;
  /** The session broke, since the peer broke a rule or has ended it with an error. `onClosed` follows. */
  onBroken?(error: Error): void;
  /** The session and its connection are gone. Called once. */
  onClosed?(): void;
}

/** What a session works with. */
export interface SessionComponents {
  readonly clock: Clock;
  readonly wire: Wire;
  readonly watch: SessionWatch;
  readonly events: SessionEvents;
}

/** What a session may vary. */
export interface SessionOptions {
  /** Which end of HTTP/2 this is, whichever end of the connection it has. */
  readonly role: Role;
  /** What the peer may send ahead on each stream. */
  readonly initialWindowBytes: number;
  /** What the peer may send ahead on all streams together. */
  readonly connectionWindowBytes: number;
  /** Streams that the peer may open. */
  readonly maxConcurrentStreams: number;
  /** The longest header list that the peer may send; said to it only if given. */
  readonly maxHeaderListBytes?: number | undefined;
  /** The largest payload of a frame that the peer may send. Default 16,384. */
  readonly maxFrameBytes?: number | undefined;
  /** Whether extended CONNECT is understood (RFC 8441). Default false. */
  readonly enableConnectProtocol?: boolean | undefined;
  /** The id of the first request. Default 1. */
  readonly firstStreamId?: number | undefined;
}

/**
 * One end of an HTTP/2 connection (RFC 9113), apart from sockets: `receive` takes bytes in, the wire gives bytes out.
 *
 * An end of a stream is END_STREAM and nothing else: streams that the session takes down with it are lost, and say so.
 */
export class Http2Session implements StreamHost {
  readonly sender: Sender;
  readonly #wire: Wire;
  readonly #events: SessionEvents;
  readonly #clock: Clock;
  readonly #options: SessionOptions;
  readonly #streams: StreamTable;
  readonly #frames: IncomingFrames;
  readonly #reader: FrameReader;
  readonly #own: OwnSettings;
  readonly #peer: PeerSettings = initialPeerSettings();
  readonly #pings: OwnPings;
  /** Requests that the peer has no room for yet, and their fields. */
  readonly #waiting = new Map<SessionStream, { readonly fields: readonly string[]; readonly isLast: boolean }>();
  /** The last request that GOAWAY of ours says is looked at. */
  #lastServedId = HIGHEST_31_BIT;
  /** The same of the peer. */
  #lastTakenId = HIGHEST_31_BIT;
  #isClosing = false;
  #isOver = false;
  #isClosed = false;
  #isReading = true;
  #timer: Timer | undefined;

  constructor({ clock, wire, watch, events }: SessionComponents, options: SessionOptions) {
    this.#wire = wire;
    this.#events = events;
    this.#clock = clock;
    this.#options = options;
    const standard = HTTP2_LIMITS.initialWindowBytes.value;
    this.sender = new Sender(wire, standard);
    this.#streams = new StreamTable(options.role, options.firstStreamId);
    this.#pings = new OwnPings(clock);
    const { initialWindowBytes, maxConcurrentStreams } = options;
    this.#own = new OwnSettings(
      { initialWindowBytes: standard, maxConcurrentStreams },
      { initialWindowBytes, maxConcurrentStreams },
    );
    this.#frames = new IncomingFrames(
      {
        isServer: options.role === "server",
        streams: this.#streams,
        sender: this.sender,
        decoder: new HpackDecoder(),
        own: this.#own,
        peer: this.#peer,
        watch,
        isRefused: (id) => id > this.#lastServedId,
        makeStream: (method) => this.#makeStream(method),
        onRequest: (stream, fields, listBytes) => events.onRequest?.(stream, fields, listBytes),
        onSettings: () => this.#onSettings(),
        onPong: (payload) => this.#pings.answered(payload),
        onGoaway: (lastStreamId, code) => this.#onGoaway(lastStreamId, code),
      },
      Math.max(options.connectionWindowBytes, standard),
    );
    this.#reader = new FrameReader(this.#frames, {
      role: options.role,
      maxFrameBytes: options.maxFrameBytes ?? SMALLEST_MAX_FRAME_BYTES,
    });
    this.#begin();
  }

  /** Whether it takes requests of this end. */
  get isUsable(): boolean {
    return !this.#isClosing && this.#streams.hasId;
  }

  /** Whether it is over: nothing is sent or read any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What the peer has said of itself. */
  get peerSettings(): Readonly<PeerSettings> {
    return this.#peer;
  }

  /** Streams that are open, and requests that wait for room. */
  get streams(): number {
    return this.#streams.size + this.#waiting.size;
  }

  /**
   * Sends a request, or keeps it until the peer's SETTINGS_MAX_CONCURRENT_STREAMS has room for it. `fields` are names and
   * values by turns, names in lower case. Only a client sends requests, and only while `isUsable`.
   */
  request(fields: readonly string[], isLast: boolean, owner: StreamOwner): SessionStream {
    if (!this.isUsable) throw new Error("the session takes no requests");
    const stream = this.#makeStream(fieldOf(fields, ":method") ?? "");
    stream.owner = owner;
    this.#waiting.set(stream, { fields, isLast });
    this.#startWaiting();
    return stream;
  }

  /** Lets the peer send `bytes` ahead on each stream, open ones too (§6.9.2). */
  setInitialWindow(bytes: number): void {
    if (this.#isOver) return;
    const before = this.#own.initialWindowBytes;
    this.#own.send({ ...this.#own.latest, initialWindowBytes: bytes });
    this.sender.settings([[SETTING.initialWindowBytes, bytes]]);
    const after = this.#own.initialWindowBytes;
    if (after !== before) for (const stream of this.#streams.all) stream.credit.resize(after);
  }

  /**
   * Sends a PING; `onAnswer` gets its round trip in ms, or undefined if the session ends first. False, and no call, where too
   * many are unanswered or the session is over.
   */
  ping(onAnswer: (roundTripMs: number | undefined) => void): boolean {
    const payload = this.#isOver ? undefined : this.#pings.add(onAnswer);
    if (payload === undefined) return false;
    this.sender.ping(payload, false);
    return true;
  }

  /** Takes no more requests, neither way (GOAWAY with NO_ERROR), lets open streams end, and closes. */
  close(): void {
    if (this.#isOver || this.#lastServedId !== HIGHEST_31_BIT) return;
    this.#isClosing = true;
    this.#lastServedId = this.#streams.lastPeerId;
    this.sender.goaway(this.#lastServedId, ERROR_CODE.noError);
    this.#refuseAfter(this.#lastTakenId);
    this.#closeIfDone();
  }

  /** Ends the session and loses every stream on it for `reason`. The peer gets GOAWAY with `code`. */
  destroy(reason: Error, code: number = ERROR_CODE.cancel): void {
    if (this.#isOver) return;
    this.#end(reason, code);
    // A peer that does not read, or does not end in turn, must not keep the connection.
    this.#timer = this.#clock.after(LINK_LIMITS.closingMs.value, () => this.#wire.destroy());
    this.#wire.end();
  }

  /** Takes in bytes of the peer. */
  receive(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      this.#reader.push(bytes);
    } catch (error) {
      if (!(error instanceof Http2Error)) {
        this.destroy(new Error("the session failed", { cause: error }), ERROR_CODE.internalError);
        throw error;
      }
      this.#break(error, error.code);
    }
    this.#setReading();
  }

  /** The wire's oldest write is over. */
  written(): void {
    this.sender.written();
    this.#setReading();
  }

  /** Nothing comes from the wire any more, and nothing leaves. `error` is why, where something broke. */
  wireClosed(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    const wasOver = this.#isOver;
    if (!wasOver) {
      const reason = error ?? new Error("the connection closed");
      this.#isClosing = true;
      this.#isOver = true;
      this.#reader.stop();
      if (error !== undefined) this.#events.onBroken?.(error);
      this.sender.lost();
      this.#lose(reason);
    } else this.sender.lost();
    this.#events.onClosed?.();
  }

  onClosed(stream: SessionStream): void {
    this.#waiting.delete(stream);
    this.#streams.remove(stream);
    if (this.#isOver) return;
    this.#startWaiting();
    this.#closeIfDone();
  }

  #begin(): void {
    const { role, maxHeaderListBytes, maxFrameBytes, enableConnectProtocol } = this.#options;
    const { initialWindowBytes, maxConcurrentStreams, connectionWindowBytes } = this.#options;
    if (role === "client") this.sender.preface(CLIENT_PREFACE);
    this.sender.settings([
      ...(role === "client" ? [[SETTING.enablePush, 0] as const] : []),
      [SETTING.maxConcurrentStreams, maxConcurrentStreams],
      [SETTING.initialWindowBytes, initialWindowBytes],
      ...(maxFrameBytes === undefined ? [] : [[SETTING.maxFrameBytes, maxFrameBytes] as const]),
      ...(maxHeaderListBytes === undefined ? [] : [[SETTING.maxHeaderListBytes, maxHeaderListBytes] as const]),
      ...(enableConnectProtocol === true ? [[SETTING.enableConnectProtocol, 1] as const] : []),
    ]);
    // SETTINGS cannot widen the connection's own window (§6.9.2).
    const wider = connectionWindowBytes - HTTP2_LIMITS.initialWindowBytes.value;
    if (wider > 0) this.sender.windowUpdate(0, wider);
    this.#timer = this.#clock.after(LINK_LIMITS.handshakeMs.value, () => {
      this.#break(new Http2Error(ERROR_CODE.settingsTimeout, "no SETTINGS came"), ERROR_CODE.settingsTimeout);
    });
  }

  #makeStream(method: string): SessionStream {
    return new SessionStream(this, this.#peer.initialWindowBytes, this.#own.initialWindowBytes, method);
  }

  #startWaiting(): void {
    for (const [stream, { fields, isLast }] of this.#waiting) {
      if (this.#streams.ownCount >= this.#peer.maxConcurrentStreams || !this.#streams.hasId) return;
      this.#waiting.delete(stream);
      stream.window.shift(this.#peer.initialWindowBytes - stream.window.bytes);
      this.#streams.addOwn(stream);
      stream.sendHead(fields, isLast);
      stream.start();
      // The last id is used up (§5.1.1): what is open goes on, and others need another connection.
      if (!this.#streams.hasId) this.close();
    }
  }

  #onSettings(): void {
    this.#timer?.cancel();
    this.#startWaiting();
    this.#events.onSettings?.(this.#peer);
  }

  #onGoaway(lastStreamId: number, code: number): void {
    if (lastStreamId > this.#lastTakenId) throw new Http2Error(ERROR_CODE.protocolError, "GOAWAY takes back another");
    this.#lastTakenId = lastStreamId;
    this.#isClosing = true;
    this.#events.onGoaway?.(code);
    this.#refuseAfter(lastStreamId);
    // The peer closes the connection behind it (§5.4.1).
    if (code !== ERROR_CODE.noError) this.#break(new Error(`the peer ended the session with HTTP/2 error ${code}`));
    else this.#closeIfDone();
  }

  /** Ends the requests that the peer has not looked at, nor will: those may be sent again (§8.7). */
  #refuseAfter(lastStreamId: number): void {
    const unsent = [...this.#waiting.keys()];
    const unread = this.#streams.all.filter(({ id }) => this.#options.role === "client" && id > lastStreamId);
    for (const stream of [...unsent, ...unread]) {
      stream.close();
      stream.owner?.onReset(ERROR_CODE.refusedStream);
    }
  }

  #closeIfDone(): void {
    if (!this.#isClosing || this.#isOver || this.streams > 0) return;
    this.#end(new Error("the session closed"), undefined);
    this.#wire.end();
  }

  #break(error: Error, code: number = ERROR_CODE.noError): void {
    if (this.#isOver) return;
    this.#events.onBroken?.(error);
    this.destroy(error, code);
  }

  #end(reason: Error, code: number | undefined): void {
    this.#isClosing = true;
    this.#isOver = true;
    this.#reader.stop();
    this.#timer?.cancel();
    if (code !== undefined) this.sender.goaway(Math.min(this.#lastServedId, this.#streams.lastPeerId), code);
    this.sender.finish();
    this.#lose(reason);
  }

  #lose(reason: Error): void {
    for (const stream of [...this.#waiting.keys(), ...this.#streams.all]) {
      stream.close();
      stream.owner?.onLost(reason);
    }
    this.#pings.end();
  }

  /** While too many of our own control frames wait, nothing is read: most of them answer something. */
  #setReading(): void {
    const isReading = this.#isOver || this.sender.controlBytes <= HTTP2_LIMITS.waitingControlBytes.value;
    if (isReading === this.#isReading) return;
    this.#isReading = isReading;
    this.#wire.setReading(isReading);
  }
}
