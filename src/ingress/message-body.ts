import type { IncomingMessage, OutgoingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ByteBudget } from "../core/byte-budget.ts";
import { JoinedWrites } from "../core/joined-writes.ts";
import { WaitingBytes } from "../core/waiting-bytes.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** What the body of a message works with. */
export interface MessageBodyComponents {
  readonly budget: Pick<ByteBudget, "watch" | "arrived">;
}

/**
 * The body of an HTTP message, on its way from one connection to another.
 *
 * A sender may cut it into chunks of one byte, and Node keeps each by itself while the far side does not read. Here they are
 * joined on both sides of the way, so that memory goes by bytes, and the budget knows of all that waits.
 *
 *     parser ─► joined while nobody reads ─► message ─► joined while the far side does not read ─► out
 */
export class MessageBody {
  readonly #budget: MessageBodyComponents["budget"];
  readonly #message: IncomingMessage;
  readonly #from: Duplex;
  readonly #kept: () => number;
  #writes: JoinedWrites | undefined;
  #stop: (() => void) | undefined;

  /**
   * Make it before the first byte of the body has come. `kept` tells all that was taken from the connection of `message` and
   * waits; by default what waits here.
   */
  constructor(components: MessageBodyComponents, message: IncomingMessage, kept?: () => number) {
    this.#budget = components.budget;
    this.#message = message;
    this.#from = message.socket;
    this.#kept = kept ?? (() => this.bytes);
    const push = message.push.bind(message);
    let waiting: WaitingBytes | undefined;
    message.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
      if (!(chunk instanceof Uint8Array) || message.readableFlowing === true) {
        waiting?.flush();
        return push(chunk, encoding);
      }
      waiting ??= new WaitingBytes(message, push);
      const more = waiting.add(chunk);
      if (message.readableLength >= INGRESS_LIMITS.watchedBytes.value) this.#watch();
      this.#budget.arrived(this.#from, chunk.length);
      return more;
    };
  }

  /** Bytes that came and were not yet given to where they go. */
  get bytes(): number {
    return this.#message.readableLength + (this.#writes?.bytes ?? 0);
  }

  /** Begins to carry the body to `out`, until either is over; `out` is not ended. Call it once. */
  sendTo(out: OutgoingMessage): void {
    const message = this.#message;
    const watch = (): void => {
      this.#watch();
      if (out.socket !== null) this.#budget.watch(out.socket);
    };
    const writes = new JoinedWrites(writableOf(out), watch);
    const take = (chunk: Buffer): void => {
      if (out.destroyed || writes.write(chunk)) return;
      message.pause();
      watch();
    };
    const resume = (): void => void message.resume();
    this.#writes = writes;
    this.#stop = () => {
      message.off("data", take).pause();
      out.off("drain", resume).off("close", stop);
    };
    const stop = (): void => this.stop();
    message.on("data", take);
    out.on("drain", resume).on("close", stop);
  }

  /** Gives `out` all that came, for it to be ended. */
  flush(): void {
    this.#writes?.flush();
  }

  /** Carries no more; what still comes waits unread. Idempotent. */
  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#writes = undefined;
  }

  /** Carries no more; what still comes is thrown away. */
  discard(): void {
    this.stop();
    this.#message.resume();
  }

  #watch(): void {
    this.#budget.watch(this.#from, undefined, this.#kept);
  }
}

/** Node's messages raise an error when they are written to after their connection has gone. */
function writableOf(out: OutgoingMessage): ConstructorParameters<typeof JoinedWrites>[0] {
  return {
    write: (chunk, done) => out.write(chunk, done),
    cork: () => out.cork(),
    uncork: () => out.uncork(),
    get writable() {
      return !out.destroyed && !out.finished;
    },
    get writableLength() {
      return out.writableLength;
    },
  };
}
