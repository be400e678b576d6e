import { FakeClock } from "../../src/core/fake-clock.ts";
import { Http2Session, type SessionEvents, type SessionOptions } from "../../src/link/http2/session.ts";
import type { SessionStream, StreamOwner } from "../../src/link/http2/session-stream.ts";
import type { SessionWatch } from "../../src/link/http2/session-watch.ts";
import type { HeadListener } from "../../src/link/http2/stream-duplex.ts";
import type { Wire } from "../../src/link/http2/wire.ts";
import { FLAG, FRAME, type Frame, fields, frame, settings } from "./raw-http2.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** How often a session said what to its watch. */
export type Counts = Record<keyof SessionWatch, number>;

/** A watch that counts. */
export function countingWatch(): { readonly counts: Counts; readonly watch: SessionWatch } {
  const counts: Counts = {
    pinged: 0,
    changedSettings: 0,
    sentTiny: 0,
    sentInterim: 0,
    sentLongList: 0,
    wasReset: 0,
    sentUseless: 0,
  };
  const count = (what: keyof Counts) => (): void => {
    counts[what] += 1;
  };
  return {
    counts,
    watch: {
      pinged: count("pinged"),
      changedSettings: count("changedSettings"),
      sentTiny: count("sentTiny"),
      sentInterim: count("sentInterim"),
      sentLongList: count("sentLongList"),
      wasReset: count("wasReset"),
      sentUseless: count("sentUseless"),
    },
  };
}

/** The user of a stream, who writes down what it hears and takes every byte at once. */
export class HeardStream implements StreamOwner, HeadListener {
  readonly heard: string[] = [];
  bytes = 0;
  /** Whether bytes are taken at once. */
  takes = true;
  stream: SessionStream | undefined;

  onHead(fields: readonly string[] | undefined, isInterim: boolean): void {
    this.heard.push(`${isInterim ? "interim" : "head"} ${fields === undefined ? "too long" : fields.join(" ")}`);
  }

  onData(bytes: Buffer): void {
    this.bytes += bytes.length;
    if (this.takes) this.stream?.consumed(bytes.length);
  }

  onEnd(): void {
    this.heard.push("end");
  }

  onReset(code: number): void {
    this.heard.push(`reset ${code}`);
  }

  onLost(reason: Error): void {
    this.heard.push(`lost: ${reason.message}`);
  }

  endsWithThese(): boolean {
    return false;
  }
}

/**
 * A session of ours, and a peer that sends whatever frames a test wants, in memory: nothing happens but within a call.
 * `take` lets the session write what waits, and returns it.
 */
export class FramePeer implements Wire, SessionEvents {
  readonly session: Http2Session;
  readonly clock: FakeClock = new FakeClock();
  readonly counts: Counts;
  /** What the session told its user. */
  readonly heard: string[] = [];
  /** Requests that came, and their users. */
  readonly requests: HeardStream[] = [];
  /** Whether requests that come get a user. */
  takesRequests = true;
  /** Whether their users take each byte at once. */
  takes = true;
  /** Whether what is written is left unfinished. */
  isBlocked = false;
  isReading = true;
  hasEnded = false;
  isDestroyed = false;
  #unread = Buffer.alloc(0);
  #unfinished = 0;

  /** `begin`: whether the peer has sent its SETTINGS and acknowledged those of the session. */
  constructor(
    role: "client" | "server",
    options: Partial<SessionOptions> = {},
    own: Buffer = settings(),
    begin = true,
  ) {
    const { counts, watch } = countingWatch();
    this.counts = counts;
    this.session = new Http2Session(
      { clock: this.clock, wire: this, watch, events: this },
      {
        role,
        initialWindowBytes: 65_535,
        connectionWindowBytes: 65_535,
        maxConcurrentStreams: 100,
        ...options,
      },
    );
    if (role === "server") this.session.receive(PREFACE);
    if (!begin) return;
    this.send(own, frame(FRAME.settings, FLAG.ack, 0));
    this.take();
    counts.changedSettings = 0;
  }

  /** The session gets `frames`, in one piece. */
  send(...frames: readonly Uint8Array[]): void {
    this.session.receive(Buffer.concat(frames));
  }

  /** What the session has sent since the last call. */
  take(): readonly Frame[] {
    const frames: Frame[] = [];
    let hasMoved = true;
    while (hasMoved) {
      this.session.sender.flush();
      hasMoved = this.#unfinished > 0 && !this.isBlocked;
      if (hasMoved) for (; this.#unfinished > 0; this.#unfinished -= 1) this.session.written();
      frames.push(...this.#parse());
    }
    return frames;
  }

  /** The same in short: type, stream and code or length. */
  taken(): readonly string[] {
    return this.take().map(inShort);
  }

  /** A request on stream `id` that stays open. */
  request(id: number, ...more: readonly (readonly [string, string])[]): void {
    this.send(connect(id, ...more));
  }

  write(pieces: readonly Buffer[]): void {
    this.#unfinished += 1;
    this.#unread = Buffer.concat([this.#unread, ...pieces]);
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
  }

  end(): void {
    this.hasEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  onRequest(stream: SessionStream, list: readonly string[] | undefined, listBytes: number): void {
    const heard = new HeardStream();
    heard.heard.push(list === undefined ? `too long: ${listBytes}` : `request ${list.join(" ")}`);
    this.requests.push(heard);
    if (!this.takesRequests) return;
    heard.stream = stream;
    heard.takes = this.takes;
    stream.owner = heard;
  }

  onSettings(): void {
    this.heard.push("settings");
  }

  onGoaway(code: number): void {
    this.heard.push(`goaway ${code}`);
  }

  onBroken(error: Error): void {
    this.heard.push(`broken: ${error.message}`);
  }

  onClosed(): void {
    this.heard.push("closed");
  }

  #parse(): readonly Frame[] {
    const frames: Frame[] = [];
    if (this.#unread.subarray(0, PREFACE.length).equals(PREFACE)) this.#unread = this.#unread.subarray(PREFACE.length);
    while (this.#unread.length >= 9 && this.#unread.length >= 9 + this.#unread.readUIntBE(0, 3)) {
      const end = 9 + this.#unread.readUIntBE(0, 3);
      frames.push({
        type: this.#unread.readUInt8(3),
        flags: this.#unread.readUInt8(4),
        stream: this.#unread.readUInt32BE(5),
        payload: this.#unread.subarray(9, end),
      });
      this.#unread = this.#unread.subarray(end);
    }
    return frames;
  }
}

/** A CONNECT request on stream `id` that stays open. */
export function connect(id: number, ...more: readonly (readonly [string, string])[]): Buffer {
  const block = fields([":method", "CONNECT"], [":authority", "target.example:80"], ...more);
  return frame(FRAME.headers, FLAG.endHeaders, id, block);
}

/** A GET request on stream `id`; `flags` beside END_HEADERS. */
export function get(id: number, flags = 0, ...more: readonly (readonly [string, string])[]): Buffer {
  const block = fields([":method", "GET"], [":scheme", "https"], [":path", "/"], [":authority", "a.example"], ...more);
  return frame(FRAME.headers, FLAG.endHeaders | flags, id, block);
}

/** DATA. */
export function data(id: number, bytes: number | Buffer, flags = 0): Buffer {
  return frame(FRAME.data, flags, id, typeof bytes === "number" ? Buffer.alloc(bytes, 1) : bytes);
}

/** GOAWAY. */
export function goaway(lastStreamId: number, code = 0): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  return frame(FRAME.goaway, FLAG.none, 0, payload);
}

const NAMES = [
  ...["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS"],
  ...["PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE"],
];

/** A frame in words: `RST_STREAM 1 code 8`, `DATA 1 length 5 end`, `GOAWAY last 3 code 0`, `SETTINGS ack`. */
export function inShort({ type, flags, stream, payload }: Frame): string {
  const name = NAMES[type] ?? `type ${type}`;
  if (type === FRAME.reset) return `${name} ${stream} code ${payload.readUInt32BE(0)}`;
  if (type === FRAME.goaway) return `${name} last ${payload.readUInt32BE(0)} code ${payload.readUInt32BE(4)}`;
  if (type === FRAME.windowUpdate) return `${name} ${stream} by ${payload.readUInt32BE(0)}`;
  if (type === FRAME.data) return `${name} ${stream} length ${payload.length}${flags === 1 ? " end" : ""}`;
  if (type === FRAME.headers) return `${name} ${stream}${(flags & 1) === 1 ? " end" : ""}`;
  if (type === FRAME.settings || type === FRAME.ping) return flags === FLAG.ack ? `${name} ack` : name;
  return name;
}
