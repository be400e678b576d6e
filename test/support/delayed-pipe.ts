import { Duplex } from "node:stream";
import { systemClock } from "../../src/core/clock.ts";

/** `inner` behind a long cable: what goes either way arrives `delayMs` later, and any amount may be on the way. Owns `inner`. */
export class DelayedPipe extends Duplex {
  readonly #inner: Duplex;
  readonly #delayMs: number;

  constructor(inner: Duplex, delayMs: number) {
    super();
    this.#inner = inner;
    this.#delayMs = delayMs;
    inner.on("data", (chunk: Buffer) => systemClock.after(delayMs, () => this.destroyed || this.push(chunk)));
    inner.on("end", () => systemClock.after(delayMs, () => this.destroyed || this.push(null)));
    inner.on("error", () => this.destroy());
    inner.on("close", () => systemClock.after(delayMs, () => this.destroy()));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    systemClock.after(this.#delayMs, () => this.#inner.destroyed || this.#inner.write(chunk));
    done();
  }

  override _final(done: () => void): void {
    systemClock.after(this.#delayMs, () => this.#inner.end());
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#inner.destroy();
    done(error);
  }
}
