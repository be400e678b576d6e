import type { Duplex } from "node:stream";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { GatheredBytes } from "./gathered-bytes.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** Reads a part of what comes on a connection: a head, or a body. */
export interface MessageConsumer {
  /** Takes bytes from the start and returns how many. What it does not take comes again, with what follows. */
  take(bytes: Buffer): number;
  /** No more bytes come. `cause` is undefined after an ordinary end, and says why the connection broke otherwise. */
  over(cause: Error | undefined): void;
  /** Bytes that it took and keeps. */
  readonly kept: number;
}

/** What the owner of a connection learns at once, whether anybody reads or not. */
export interface MessageSourceEvents {
  /** The far side has said all that it wants to say. */
  readonly onEnd?: () => void;
  /** The connection is gone without that, or after it. */
  readonly onGone?: (cause: Error) => void;
}

/**
 * The bytes that come on a connection, for one reader of a message after another. It reads on while nobody wants bytes, up to
 * a bound, since only who reads learns that the far side has gone.
 *
 *     connection ─► waiting, bounded ─► consumer: head │ body │ none
 */
export class MessageSource {
  readonly #stream: Duplex;
  readonly #budget: Pick<ByteBudget, "watch">;
  readonly #events: MessageSourceEvents;
  readonly #waiting = new GatheredBytes();
  #consumer: MessageConsumer | undefined;
  #isHeld = false;
  #isDelivering = false;
  #isPaused = false;
  #over: { readonly cause: Error | undefined } | undefined;

  /** `first` are bytes that were read before. The stream must have an "error" listener for what comes after `release`. */
  constructor(
    components: { readonly budget: Pick<ByteBudget, "watch"> },
    stream: Duplex,
    events: MessageSourceEvents,
    first?: Buffer,
  ) {
    this.#stream = stream;
    this.#budget = components.budget;
    this.#events = events;
    if (first !== undefined) this.#waiting.push(first);
    stream.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
    stream.resume();
    if (stream.readableEnded) this.#onEnd();
    if (stream.closed) this.#onClose();
  }

  /** Bytes that were taken from the connection and wait here. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Whether the far side has said all that it wants to say, or is gone. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Gives what comes to `consumer` from now on; undefined lets it wait. */
  read(consumer: MessageConsumer | undefined): void {
    this.#consumer = consumer;
    this.#isHeld = false;
    this.#deliver();
  }

  /** Gives the consumer nothing for now. */
  hold(): void {
    // Nothing more will come that could be held off.
    if (this.#over?.cause !== undefined) return;
    this.#isHeld = true;
    this.#pause();
    this.watch();
  }

  /** Ends `hold`. */
  goOn(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#deliver();
  }

  /** Lets go of the connection, which is paused, and returns the bytes that wait. */
  release(): Buffer {
    const stream = this.#stream;
    this.#consumer = undefined;
    stream.off("data", this.#onData).off("end", this.#onEnd).off("error", this.#onError).off("close", this.#onClose);
    stream.pause();
    return this.#waiting.take();
  }

  /** Tells the budget of what waits here and with the consumer. */
  watch(): void {
    this.#budget.watch(this.#stream, undefined, () => this.#kept());
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#waiting.push(chunk);
    this.#deliver();
    this.#waiting.fit();
    if (this.#kept() >= INGRESS_LIMITS.watchedBytes.value) this.watch();
  };

  readonly #onEnd = (): void => this.#end(undefined);

  readonly #onError = (cause: Error): void => this.#break(cause);

  readonly #onClose = (): void => this.#break(closedError());

  #break(cause: Error): void {
    const { onGone } = this.#events;
    this.#end(cause);
    onGone?.(cause);
  }

  #end(cause: Error | undefined): void {
    if (this.#over !== undefined) return;
    this.#over = { cause };
    if (cause === undefined) this.#events.onEnd?.();
    else this.#isHeld = false;
    this.#deliver();
  }

  #kept(): number {
    return this.#waiting.length + (this.#consumer?.kept ?? 0);
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      while (this.#consumer !== undefined && !this.#isHeld && this.#waiting.length > 0) {
        const consumer: MessageConsumer = this.#consumer;
        const taken = consumer.take(this.#waiting.bytes);
        this.#waiting.skip(taken);
        if (taken === 0 && consumer === this.#consumer) break;
      }
    } finally {
      this.#isDelivering = false;
    }
    const isWanted = this.#consumer !== undefined && !this.#isHeld;
    if (isWanted || this.#waiting.length < INGRESS_LIMITS.maxEarlyBytes.value) {
      if (!this.#isHeld) this.#resume();
    } else this.#pause();
    if (this.#over === undefined || this.#consumer === undefined || this.#isHeld) return;
    const consumer: MessageConsumer = this.#consumer;
    this.#consumer = undefined;
    consumer.over(this.#over.cause);
  }

  #pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#stream.resume();
  }
}

/** Some streams break without an error of their own; it is a reset all the same. */
function closedError(): Error {
  return Object.assign(new Error("the connection was closed without an end"), { code: "ECONNRESET" });
}
