import { isIP, type Socket, type SocketConnectOpts } from "node:net";
import { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { DISPATCH_LIMITS } from "../dispatch/limits.ts";
import { abortStream } from "../flow/abort-stream.ts";
import { endStream } from "../flow/end-stream.ts";
import type { StreamCounts } from "../link/counted-stream.ts";
import { askedTarget } from "./connect-arguments.ts";

/** What a socket carries the bytes of. */
export interface CarriedStream {
  /** Belongs to the socket from then on. */
  readonly stream: Duplex & Partial<StreamCounts>;
  readonly target: HostPort;
  /** Why it ended, if it did not end well. */
  readonly failure: () => BywayError | undefined;
}

/** How a socket is made. */
export interface StreamSocketOptions {
  readonly allowHalfOpen?: boolean | undefined;
  /** Opens the stream when `connect` is called; absent for a socket that is given its stream. */
  readonly open?: (target: HostPort, signal: AbortSignal) => Promise<CarriedStream>;
}

/** The longest that Node's timers take: 24.8 days. A longer one would fire at once, again and again. */
const LONGEST_MS = 2 ** 31 - 1;

type Done = (error?: Error | null) => void;

/**
 * A stream through the network with all that programs expect of a `net.Socket`, so that HTTP agents, TLS, WebSockets and
 * database drivers take it for one. There is no socket of its own below it: `setNoDelay`, `setKeepAlive`, `ref` and `unref`
 * have nothing to set, the links belong to the client. `remoteAddress` is the target as it was asked for: its name, where the
 * exit looks that up. The local address is the exit's affair, and undefined.
 *
 * `destroy()` before `end()` resets the stream, so that the target does not take what it has for all; after `end()`, or where
 * `endsWhole` is set, the target sees an ordinary end. An abrupt end is a BywayError; unlike that of a `net.Socket`, it does not
 * end a program that has no listener for it.
 */
export class StreamSocket extends Duplex implements Socket {
  readonly autoSelectFamilyAttemptedAddresses: string[] = [];
  readonly server: null = null;
  readonly localAddress?: string;
  readonly localPort?: number;
  readonly localFamily?: string;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  /** `IPv4` or `IPv6`; undefined where the target is a name. */
  remoteFamily: string | undefined;
  /** What was sent so far is whole, as between two requests: `destroy()` ends it in order. */
  endsWhole = false;
  timeout?: number;
  readonly #clock: Clock;
  readonly #open: StreamSocketOptions["open"];
  #carried: CarriedStream | undefined;
  #opening: AbortController | undefined;
  /** What waits for the stream to be there. */
  #waiting: (() => void) | undefined;
  /** Settles the write that waits for room. */
  #onDrain: Done | undefined;
  #isReset = false;
  #idle: Timer | undefined;
  #activeMs = 0;

  constructor(components: { readonly clock: Clock }, options: StreamSocketOptions = {}) {
    super({ allowHalfOpen: options.allowHalfOpen ?? false });
    this.#clock = components.clock;
    this.#open = options.open;
    // A reset by a stranger, or `stop`, must not end a program that listens to nothing but data.
    this.on("error", () => {});
  }

  /** A socket that is connected already. */
  static of(components: { readonly clock: Clock }, carried: CarriedStream, options: StreamSocketOptions): StreamSocket {
    const socket = new StreamSocket(components, options);
    socket.#adopt(carried);
    return socket;
  }

  get connecting(): boolean {
    return this.#opening !== undefined;
  }

  get pending(): boolean {
    return this.#carried === undefined;
  }

  get readyState(): "opening" | "open" | "readOnly" | "writeOnly" | "closed" {
    if (this.connecting) return "opening";
    if (this.pending || this.destroyed) return "closed";
    if (this.readable) return this.writable ? "open" : "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  get bytesRead(): number {
    return this.#carried?.stream.bytesRead ?? 0;
  }

  get bytesWritten(): number {
    return (this.#carried?.stream.bytesWritten ?? 0) + this.writableLength;
  }

  get bufferSize(): number {
    return this.writableLength;
  }

  /** Opens the stream of a socket that has none; on one that is connected it only says so. */
  connect(...args: readonly (SocketConnectOpts | number | string | (() => void) | undefined)[]): this {
    const onConnect = args.find((one) => typeof one === "function");
    if (onConnect !== undefined) this.once("connect", onConnect);
    if (this.#carried !== undefined || this.#opening !== undefined) {
      if (this.#carried !== undefined) process.nextTick(() => this.#connected());
      return this;
    }
    this.#opening = new AbortController();
    this.#begin(args[0], args[1], this.#opening.signal).then(
      (carried) => {
        this.#opening = undefined;
        if (this.destroyed) abortStream(carried.stream);
        else {
          this.#adopt(carried);
          this.#connected();
        }
      },
      (error: Error) => {
        this.#opening = undefined;
        this.destroy(error);
      },
    );
    return this;
  }

  setTimeout(timeoutMs: number, callback?: () => void): this {
    if (callback !== undefined) this[timeoutMs > 0 ? "once" : "off"]("timeout", callback);
    this.timeout = timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_MS) : 0;
    this.#idle?.cancel();
    this.#idle = undefined;
    this.#active();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  getTypeOfService(): number {
    return 0;
  }

  setTypeOfService(): this {
    return this;
  }

  address(): Record<string, never> {
    return {};
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  /** Ends it once all is sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Ends it at once, so that the target sees a reset. */
  resetAndDestroy(): this {
    this.#isReset = true;
    return this.destroy();
  }

  override _read(): void {
    this.#carried?.stream.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Done): void {
    this.#send([{ chunk }], callback);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: Done): void {
    this.#send(chunks, callback);
  }

  override _final(callback: Done): void {
    if (this.#carried === undefined) this.#waiting = () => this._final(callback);
    else this.#carried.stream.end(callback);
  }

  override _destroy(error: Error | null, callback: Done): void {
    this.#idle?.cancel();
    this.#opening?.abort();
    const stream = this.#carried?.stream;
    if (stream !== undefined) {
      const isWhole = error === null && !this.#isReset && (this.writableFinished || this.endsWhole);
      if (isWhole && this.writableLength === 0) endStream(stream, this.#clock, DISPATCH_LIMITS.lingerMs.value);
      else abortStream(stream, error ?? undefined);
    }
    const drained = this.#onDrain;
    this.#onDrain = undefined;
    callback(error);
    drained?.(error ?? new BywayError("ERR_ABORTED", "the stream was destroyed before all was sent"));
  }

  async #begin(first: unknown, second: unknown, signal: AbortSignal): Promise<CarriedStream> {
    if (this.#open === undefined) throw new BywayError("ERR_USAGE_ARGUMENT", "this socket has no way to connect");
    const isOptions = typeof first === "object" && first !== null;
    const { host, port } = (isOptions ? first : { host: second, port: first }) as Partial<HostPort>;
    return await this.#open(askedTarget({ host, port: Number(port) }), signal);
  }

  #connected(): void {
    if (this.destroyed) return;
    this.emit("connect");
    this.emit("ready");
  }

  #adopt(carried: CarriedStream): void {
    const { stream, target } = carried;
    const family = isIP(target.host);
    this.#carried = carried;
    this.remoteAddress = target.host;
    this.remotePort = target.port;
    if (family !== 0) this.remoteFamily = `IPv${family}`;
    stream.on("data", (chunk: Uint8Array) => {
      this.#active();
      if (!this.push(chunk)) stream.pause();
    });
    stream.on("end", () => {
      this.push(null);
      // Nobody may be reading, as between two requests, and the end must be seen all the same.
      if (this.readableLength === 0) this.read(0);
    });
    stream.on("drain", () => {
      this.#active();
      const drained = this.#onDrain;
      this.#onDrain = undefined;
      drained?.();
    });
    stream.on("close", () => this.#ended(carried));
    if (stream.destroyed) process.nextTick(() => this.#ended(carried));
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #send(chunks: readonly { readonly chunk: Uint8Array }[], callback: Done): void {
    if (this.#carried === undefined) {
      this.#waiting = () => this.#send(chunks, callback);
      return;
    }
    const { stream } = this.#carried;
    this.#active();
    let hasRoom = true;
    if (chunks.length > 1) stream.cork();
    for (const { chunk } of chunks) hasRoom = stream.write(chunk);
    if (chunks.length > 1) stream.uncork();
    if (hasRoom || stream.destroyed) callback();
    else this.#onDrain = callback;
  }

  #ended({ stream, failure }: CarriedStream): void {
    if (this.destroyed || (stream.readableEnded && stream.writableFinished)) return;
    this.destroy(failure() ?? new BywayError("ERR_HOP_LOST", "the stream closed before it ended"));
  }

  /** Something moved: the time without any begins anew. */
  #active(): void {
    const { timeout = 0 } = this;
    if (timeout <= 0 || this.destroyed) return;
    this.#activeMs = this.#clock.monotonicMs();
    this.#idle ??= this.#clock.after(timeout, () => this.#lookIdle());
  }

  #lookIdle(): void {
    const { timeout = 0 } = this;
    const leftMs = this.#activeMs + timeout - this.#clock.monotonicMs();
    this.#idle = leftMs > 0 ? this.#clock.after(leftMs, () => this.#lookIdle()) : undefined;
    if (leftMs <= 0) this.emit("timeout");
  }
}
