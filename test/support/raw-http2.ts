import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { HostPort } from "../../src/core/network-address.ts";
import { clientTls } from "../../src/link/tls-profile.ts";
import { until } from "./proxy-fixture.ts";

/** Frame types (RFC 9113 §6). */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags (RFC 9113 §6); ACK and END_STREAM share a bit. */
export const FLAG = { none: 0, ack: 1, endStream: 1, endHeaders: 4 } as const;

/** Settings (RFC 9113 §6.5.2, RFC 8441 §3). */
export const SETTING = {
  headerTableSize: 1,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  enableConnect: 8,
} as const;

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const HEAD_BYTES = 9;

/** A frame that was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Writes a frame (RFC 9113 §4.1). */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Writes a SETTINGS frame of `identifier, value` pairs. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [identifier, value]] of pairs.entries()) {
    payload.writeUInt16BE(identifier, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(FRAME.settings, FLAG.none, 0, payload);
}

/** Writes a WINDOW_UPDATE frame; stream 0 is the connection. */
export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(FRAME.windowUpdate, FLAG.none, stream, u32(increment));
}

/** Writes an RST_STREAM frame. */
export function reset(stream: number, code: number): Buffer {
  return frame(FRAME.reset, FLAG.none, stream, u32(code));
}

/** Field lines without compression: literals that nobody remembers (RFC 7541 §6.2.2), each part shorter than 127 bytes. */
export function fields(...lines: readonly (readonly [string, string])[]): Buffer {
  const text = (part: string): Buffer => Buffer.concat([Buffer.of(part.length), Buffer.from(part, "latin1")]);
  return Buffer.concat(lines.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** A CONNECT request to `authority` that stays open. */
export function connectRequest(stream: number, authority: string): Buffer {
  const block = fields([":method", "CONNECT"], [":authority", authority]);
  return frame(FRAME.headers, FLAG.endHeaders, stream, block);
}

/** One end of an HTTP/2 connection that sends whatever frames a test wants, and remembers those that come. */
export class RawHttp2 implements Disposable {
  readonly socket: TLSSocket;
  /** All but DATA, which is only counted. */
  readonly frames: Frame[] = [];
  dataBytes = 0;
  dataFrames = 0;
  /** Whether the connection is over. */
  over = false;
  readonly #acknowledges: boolean;
  #unread: Buffer = Buffer.alloc(0);

  /** `skipBytes` is what comes before the first frame: the client's preface at a server. */
  constructor(socket: TLSSocket, skipBytes: number, acknowledges: boolean) {
    this.socket = socket;
    this.#acknowledges = acknowledges;
    let skip = skipBytes;
    socket.on("error", () => {});
    socket.on("close", () => {
      this.over = true;
    });
    socket.on("data", (chunk: Buffer) => {
      const wanted = chunk.subarray(Math.min(skip, chunk.length));
      skip -= chunk.length - wanted.length;
      this.#read(wanted);
    });
  }

  /** Connects to the server end of a link as a client that has `own` settings, which hold then. */
  static async connect(to: HostPort, own: Buffer = settings(), acknowledges = true): Promise<RawHttp2> {
    return RawHttp2.begin(connect({ ...clientTls({}), ...to }), own, acknowledges);
  }

  /** As `connect`, over TLS whose handshake is under way. */
  static async begin(socket: TLSSocket, own: Buffer = settings(), acknowledges = true): Promise<RawHttp2> {
    await once(socket, "secureConnect");
    const end = new RawHttp2(socket, 0, acknowledges);
    end.send(PREFACE, own);
    await until(() => end.frames.some(({ type, flags }) => type === FRAME.settings && flags === FLAG.ack));
    return end;
  }

  /** The end at which a client of ours has connected. */
  static serve(socket: TLSSocket, own: Buffer = settings()): RawHttp2 {
    const end = new RawHttp2(socket, PREFACE.length, true);
    end.send(own);
    return end;
  }

  send(...frames: readonly Uint8Array[]): boolean {
    return this.socket.writable && this.socket.write(Buffer.concat(frames));
  }

  /** The code of the GOAWAY that came (RFC 9113 §7), if one did. */
  get goaway(): number | undefined {
    return this.frames.find(({ type }) => type === FRAME.goaway)?.payload.readUInt32BE(4);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= HEAD_BYTES) {
      const length = this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < HEAD_BYTES + length) return;
      const [type, flags] = [this.#unread.readUInt8(3), this.#unread.readUInt8(4)];
      const stream = this.#unread.readUInt32BE(5) & 0x7fffffff;
      const payload = this.#unread.subarray(HEAD_BYTES, HEAD_BYTES + length);
      this.#unread = this.#unread.subarray(HEAD_BYTES + length);
      if (type === FRAME.data) {
        this.dataBytes += length;
        this.dataFrames += 1;
      } else this.frames.push({ type, flags, stream, payload: Buffer.from(payload) });
      if (type === FRAME.settings && flags !== FLAG.ack && this.#acknowledges)
        this.send(frame(FRAME.settings, FLAG.ack, 0));
    }
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
