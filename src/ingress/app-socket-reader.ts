import type { Socket } from "node:net";
import { withAbort } from "../core/abort.ts";
import { BywayError } from "../core/errors.ts";
import type { Decoded } from "../wire/decoded.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const EMPTY = Buffer.alloc(0);

/** Makes a value of the bytes so far; undefined when more are needed. */
type Decode<T> = (bytes: Uint8Array) => Decoded<T> | undefined;

/**
 * Reads what an app says before its connection becomes a stream, and notices when the app goes away meanwhile.
 *
 * An app that half-closes after bytes for the target has said all that it wants to say; one that does so before has
 * hung up, since TCP cannot tell a half-close from a close.
 */
export class AppSocketReader {
  readonly #socket: Socket;
  readonly #gone = new AbortController();
  #buffered: Buffer;
  #saidSomething = false;
  #ended = false;
  #wake: (() => void) | undefined;

  /** `first` are bytes that were read from the socket before. */
  constructor(socket: Socket, first: Uint8Array) {
    this.#socket = socket;
    this.#buffered = Buffer.from(first);
    socket.on("data", this.#onData).on("end", this.#onEnd).on("close", this.#onClose).on("error", this.#onClose);
    socket.resume();
  }

  /** Aborts when the app has gone away. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Waits until `decode` makes a value of the bytes so far. Rejects with what it throws or when the signal aborts. */
  async read<T>(decode: Decode<T>, signal: AbortSignal): Promise<T> {
    for (;;) {
      const decoded = decode(this.#buffered);
      if (decoded !== undefined) {
        this.#buffered = this.#buffered.subarray(decoded.length);
        return decoded.value;
      }
      if (this.#ended) throw this.#hungUp();
      if (this.#buffered.length > INGRESS_LIMITS.maxHeadBytes.value)
        throw new BywayError("ERR_REQUEST_TOO_LARGE", "the handshake does not end");
      const more = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await withAbort(more, AbortSignal.any([signal, this.gone]));
    }
  }

  /** Bytes for the target that came before the answer; undefined when there are none. Call it once. */
  takeEarly(): Uint8Array | undefined {
    const early = this.#buffered;
    this.#buffered = EMPTY;
    this.#saidSomething = early.length > 0;
    if (this.#ended && !this.#saidSomething) this.#gone.abort(this.#hungUp());
    this.#socket.resume();
    return this.#saidSomething ? early : undefined;
  }

  /** Stops reading and returns what was read and not used; the socket is paused and the caller's from here on. */
  release(): Uint8Array {
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).off("error", this.#onClose);
    socket.pause();
    const rest = this.#buffered;
    // The reader lives as long as the stream, and a part of a read keeps the whole of it in memory.
    this.#buffered = EMPTY;
    return rest;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    if (this.#buffered.length >= INGRESS_LIMITS.maxEarlyBytes.value) this.#socket.pause();
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
    if (this.#buffered.length === 0 && !this.#saidSomething) this.#gone.abort(this.#hungUp());
  };

  readonly #onClose = (): void => this.#gone.abort(this.#hungUp());

  #hungUp(): BywayError {
    return new BywayError("ERR_ABORTED", "the app hung up");
  }
}
