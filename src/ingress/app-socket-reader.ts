import type { Socket } from "node:net";
import { abortReason } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import type { Decoded } from "../wire/decoded.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { INGRESS_LIMITS } from "./limits.ts";

const EMPTY = Buffer.alloc(0);

/** Why what an app asked for is taken back when its connection ends. Made once: it is no failure, and happens all the time. */
export const HUNG_UP: BywayError = new BywayError("ERR_ABORTED", "the app hung up");

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
  #limit: Timer | undefined;
  readonly #buffered = new GatheredBytes();
  #early: Buffer = EMPTY;
  readonly #budget: Pick<ByteBudget, "watch">;
  #saidSomething = false;
  #ended = false;
  #wake: (() => void) | undefined;

  /** `first` are bytes that were read from the socket before. */
  constructor(components: { readonly budget: Pick<ByteBudget, "watch"> }, socket: Socket, first: Uint8Array) {
    this.#budget = components.budget;
    this.#socket = socket;
    this.#buffered.push(Buffer.from(first));
    socket.on("data", this.#onData).on("end", this.#onEnd).on("close", this.#onClose).on("error", this.#onClose);
    socket.resume();
    // What happened before will not be told again.
    if (socket.readableEnded) this.#onEnd();
    if (socket.closed) this.#onClose();
  }

  /** Aborts when the app has gone away. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Gives the app `ms` for what it has to say; after that it counts as gone, for the reason that `late` makes. */
  limit(clock: Clock, ms: number, late: () => BywayError): void {
    this.#limit = clock.after(ms, () => this.#leave(late()));
  }

  /** The app has said in time what it had to say. */
  endLimit(): void {
    this.#limit?.cancel();
  }

  /** Waits until `decode` makes a value of the bytes so far. Rejects with what it throws, or why the app is gone. */
  async read<T>(decode: Decode<T>): Promise<T> {
    for (;;) {
      const decoded = decode(this.#buffered.bytes);
      if (decoded !== undefined) {
        this.#buffered.skip(decoded.length);
        return decoded.value;
      }
      if (this.#gone.signal.aborted) throw abortReason(this.#gone.signal);
      if (this.#ended) throw HUNG_UP;
      if (this.#buffered.length > INGRESS_LIMITS.maxHeadBytes.value)
        throw new BywayError("ERR_REQUEST_TOO_LARGE", "the handshake does not end");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Bytes for the target that came before the answer; undefined when there are none. Call it once. */
  takeEarly(): Uint8Array | undefined {
    const early = this.#buffered.take();
    this.#early = early;
    this.#watch();
    this.#saidSomething = early.length > 0;
    if (this.#ended && !this.#saidSomething) this.#leave(HUNG_UP);
    this.#socket.resume();
    return this.#saidSomething ? early : undefined;
  }

  /** Stops reading and returns what was read and not used; the socket is paused and the caller's from here on. */
  release(): Uint8Array {
    this.endLimit();
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onClose).off("error", this.#onClose);
    socket.pause();
    // The reader lives as long as the stream, and a part of a read keeps the whole of it in memory.
    this.#early = EMPTY;
    return this.#buffered.take();
  }

  /** Tells the budget of what waits for the answer. */
  #watch(): void {
    const kept = (): number => this.#buffered.length + this.#early.length;
    if (kept() >= INGRESS_LIMITS.watchedBytes.value) this.#budget.watch(this.#socket, undefined, kept);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffered.push(chunk);
    this.#watch();
    if (this.#buffered.length >= INGRESS_LIMITS.maxEarlyBytes.value) this.#socket.pause();
    this.#wake?.();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake?.();
    if (this.#buffered.length === 0 && !this.#saidSomething) this.#leave(HUNG_UP);
  };

  readonly #onClose = (): void => this.#leave(HUNG_UP);

  #leave(reason: BywayError): void {
    this.endLimit();
    this.#gone.abort(reason);
    this.#wake?.();
  }
}
