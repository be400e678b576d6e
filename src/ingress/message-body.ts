import type { Duplex } from "node:stream";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { JoinedWrites } from "../flow/joined-writes.ts";
import type { BodyDecoder } from "../http1/body-decoder.ts";
import type { RawHeaders } from "../http1/fields.ts";
import { bodyTarget } from "./body-target.ts";
import type { MessageSource } from "./message-source.ts";

/** What the body of a message works with. */
export interface MessageBodyComponents {
  readonly budget: Pick<ByteBudget, "watch">;
}

/** How the way of a body ended: whole, with the fields behind it, or cut, with the reason. */
export type BodyEnd = { readonly trailers: RawHeaders } | { readonly cut: Error };

/**
 * The body of an HTTP message, on its way from one connection to another. What comes while nobody carries it waits in its
 * source, which bounds it.
 *
 * A sender may cut it into chunks of one byte. Here their content is joined before it goes on, so that memory goes by bytes.
 *
 *     source ─► decoder ─► joined while the far side does not read ─► out
 */
export class MessageBody {
  readonly #budget: MessageBodyComponents["budget"];
  readonly #source: MessageSource;
  readonly #decoder: BodyDecoder;
  #out: { readonly stream: Duplex; readonly writes: JoinedWrites } | undefined;
  #onEnd: ((end: BodyEnd) => void) | undefined;
  readonly #onOver: (() => void) | undefined;
  /** How the body ended, once it did. */
  #end: BodyEnd | undefined;

  /** `onOver` is called when the body has come to its end, or was cut. */
  constructor(components: MessageBodyComponents, source: MessageSource, decoder: BodyDecoder, onOver?: () => void) {
    this.#budget = components.budget;
    this.#source = source;
    this.#decoder = decoder;
    this.#onOver = onOver;
    if (decoder.isDone) this.#end = { trailers: decoder.trailers };
  }

  /** Whether nothing of it is still to come. */
  get isWhole(): boolean {
    return this.#decoder.isDone;
  }

  /** Whether it is over: whole, or cut. */
  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** Whether somebody takes what comes. */
  get isRead(): boolean {
    return this.#onEnd !== undefined;
  }

  /** Whether its end is beyond doubt. */
  get isClean(): boolean {
    return this.#decoder.isClean;
  }

  /** How it was cut, if it was. */
  get cut(): Error | undefined {
    return this.#end !== undefined && "cut" in this.#end ? this.#end.cut : undefined;
  }

  /**
   * Carries the body to `out` from now on, in chunks or as it is; `onEnd` is called once, when all of it was given to `out`,
   * or it was cut. `out` is not ended. When `out` is gone the body waits.
   */
  sendTo(out: Duplex, inChunks: boolean, onEnd: (end: BodyEnd) => void): void {
    this.stop();
    this.#onEnd = onEnd;
    const writes = new JoinedWrites(bodyTarget(out, inChunks), () => {
      this.#source.watch();
      this.#budget.watch(out);
    });
    this.#out = { stream: out, writes };
    out.on("drain", this.#onDrain).on("close", this.#onOutClosed);
    this.#read();
  }

  /** Throws away what still comes, from now on. `onEnd` is called when all of it has come, or it was cut. */
  discard(onEnd: (end: BodyEnd) => void): void {
    this.stop();
    this.#onEnd = onEnd;
    this.#read();
  }

  /** Carries no more; what still comes waits. Idempotent. */
  stop(): void {
    this.#onEnd = undefined;
    const out = this.#out;
    if (out === undefined) return;
    this.#out = undefined;
    out.stream.off("drain", this.#onDrain).off("close", this.#onOutClosed);
    if (this.#end === undefined) this.#source.read(undefined);
  }

  readonly #onDrain = (): void => this.#source.goOn();

  readonly #onOutClosed = (): void => this.stop();

  readonly #pass = (content: Buffer): void => {
    const out = this.#out;
    if (out === undefined || out.stream.destroyed || out.writes.write(content)) return;
    this.#source.hold();
    this.#budget.watch(out.stream);
  };

  #read(): void {
    if (this.#end !== undefined) {
      this.#tell(this.#end);
      return;
    }
    const kept = (): number => this.#decoder.kept + (this.#out?.writes.bytes ?? 0);
    this.#source.read({
      get kept() {
        return kept();
      },
      take: (bytes) => {
        try {
          const taken = this.#decoder.decode(bytes, this.#pass);
          if (this.#decoder.isDone) this.#finish({ trailers: this.#decoder.trailers });
          return taken;
        } catch (error) {
          this.#finish({ cut: error instanceof Error ? error : new Error(String(error)) });
          return 0;
        }
      },
      over: (cause) => {
        if (cause === undefined && this.#decoder.end()) this.#finish({ trailers: this.#decoder.trailers });
        else this.#finish({ cut: cause ?? new Error("the connection ended in the middle of a body") });
      },
    });
  }

  #finish(end: BodyEnd): void {
    this.#source.read(undefined);
    this.#end = end;
    this.#tell(end);
    this.#onOver?.();
  }

  #tell(end: BodyEnd): void {
    const onEnd = this.#onEnd;
    this.#out?.writes.flush();
    this.stop();
    onEnd?.(end);
  }
}
