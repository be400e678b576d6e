import { Duplex } from "node:stream";
import { BywayError } from "../../core/errors.ts";
import type { ByteBudget } from "../../flow/byte-budget.ts";
import { ChunkOverhead } from "../../flow/chunk-overhead.ts";
import { alone, WaitingBytes } from "../../flow/waiting-bytes.ts";
import type { CountedStream, StreamCounts } from "../counted-stream.ts";
import { LINK_LIMITS } from "../limits.ts";
import { ERROR_CODE } from "./error-code.ts";
import type { SessionStream, StreamOwner } from "./session-stream.ts";

// Read for each write.
const TINY = LINK_LIMITS.tinyFrameBytes.value;

/** What the streams of a link report to. */
export interface StreamWatch {
  /** Gets the streams whose reader does not keep up. */
  readonly budget: ByteBudget;
  /** Gets what arrives. */
  readonly window?: { onArrival(stream: CountedStream, bytes: number): void } | undefined;
  /** Spaces out the tiny frames that this end sends. */
  readonly tinyWrites?: { admit(write: () => void): void } | undefined;
  /** Why the link is gone; undefined while it stands. */
  readonly lost?: (() => BywayError | undefined) | undefined;
}

/** What a stream hears beside its bytes. */
export interface HeadListener {
  /** As `StreamOwner.onHead`. */
  onHead(fields: readonly string[] | undefined, isInterim: boolean): void;
}

type Callback = (error?: Error | null) => void;

/**
 * A stream of a session as a Duplex of Node.
 *
 * - The readable side ends on END_STREAM from the wire and on nothing else. Otherwise the stream closes without `end`; with
 *   an error, unless it was destroyed here without one. Bytes that came before END_STREAM stay readable, whatever the peer
 *   or the connection does afterwards.
 * - `resetAndDestroy()` resets with CONNECT_ERROR (RFC 9113 §8.5), or ENHANCE_YOUR_CALM where the reason is
 *   ERR_STREAM_STALLED; a stream that the far side reset so has that as its error. `destroy()` resets with CANCEL, unless
 *   both directions have ended.
 * - The callback of a write is called when nothing reads the chunk any more: its memory may be used again then.
 *
 * What waits for a reader is joined, so that its memory goes by its bytes, and is made known to the budget.
 */
export class StreamDuplex extends Duplex implements StreamOwner, StreamCounts {
  bytesRead = 0;
  bytesWritten = 0;
  /** The code of the RST_STREAM that ended it, or that this end has sent; 0 where there was none. */
  rstCode = 0;
  readonly #stream: SessionStream;
  readonly #watch: StreamWatch;
  readonly #head: HeadListener | undefined;
  /** What was given back to the peer. */
  #creditedBytes = 0;
  #waiting: WaitingBytes | undefined;
  #overhead: ChunkOverhead | undefined;
  #hasEnded = false;
  #writingBytes = 0;
  /** Why nothing is sent any more, while the body that has come whole is still being read. */
  #cut: Error | undefined;

  /** `open` makes the stream that belongs to it. */
  constructor(watch: StreamWatch, open: (owner: StreamOwner) => SessionStream, head?: HeadListener) {
    super();
    this.#watch = watch;
    this.#head = head;
    this.#stream = open(this);
    // A link ends its streams with errors that concern nobody who has let go of them.
    this.on("error", () => {});
  }

  /** Whether it was reset, or both directions have ended. */
  get isClosed(): boolean {
    return this.#stream.state === "closed";
  }

  /** Sends the head of an answer. */
  respond(fields: readonly string[], isLast = false): void {
    this.#stream.sendHead(fields, isLast);
    if (isLast) this.end();
  }

  /** Ends both directions at once, so that the far side sees an error. */
  resetAndDestroy(reason?: Error): void {
    if (this.destroyed) return;
    this.#reset(isStall(reason) ? ERROR_CODE.enhanceYourCalm : ERROR_CODE.connectError);
    this.destroy(reason);
  }

  /** Ends both directions with `code`. */
  close(code: number = ERROR_CODE.noError): void {
    if (this.destroyed) return;
    this.#reset(code);
    this.destroy();
  }

  onHead(fields: readonly string[] | undefined, isInterim: boolean): void {
    this.#head?.onHead(fields, isInterim);
  }

  onData(bytes: Buffer): void {
    if (this.destroyed) return;
    this.bytesRead += bytes.length;
    this.#watch.window?.onArrival(this, bytes.length);
    if (this.readableFlowing === true) {
      this.#waiting?.flush();
      this.push(bytes);
    } else this.#keep(bytes);
    this.#giveBack();
  }

  onEnd(): void {
    this.#hasEnded = true;
    if (this.destroyed) return;
    this.#waiting?.flush();
    this.push(null);
  }

  onReset(code: number): void {
    this.rstCode = code;
    this.#over(code === ERROR_CODE.enhanceYourCalm ? STALLED : resetError(code));
  }

  onLost(reason: Error): void {
    this.#over(this.#watch.lost?.() ?? reason);
  }

  endsWithThese(): boolean {
    return this.writableEnded && this.writableLength === this.#writingBytes;
  }

  override read(size?: number): Buffer | null {
    const found = super.read(size);
    if (found !== null) this.#giveBack();
    return found;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#send([chunk], chunk.length, callback);
  }

  override _writev(parts: { readonly chunk: Buffer }[], callback: Callback): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (const { chunk } of parts) {
      if (chunk.length > 0) chunks.push(chunk);
      bytes += chunk.length;
    }
    this.#send(chunks, bytes, callback);
  }

  override _final(callback: Callback): void {
    // Where nothing is sent any more, the end of the reading tells why.
    if (this.#cut !== undefined) return;
    this.#stream.end();
    callback();
  }

  override _destroy(error: Error | null, callback: Callback): void {
    const isWhole = this.#hasEnded && this.writableFinished;
    if (!isWhole) this.#reset(ERROR_CODE.cancel);
    callback(error ?? (isWhole ? null : (this.#watch.lost?.() ?? null)));
  }

  #send(chunks: readonly Buffer[], bytes: number, callback: Callback): void {
    if (this.#cut !== undefined) return;
    if (bytes === 0) {
      callback();
      return;
    }
    this.bytesWritten += bytes;
    this.#writingBytes = bytes;
    const { tinyWrites } = this.#watch;
    if (bytes >= TINY || tinyWrites === undefined) this.#stream.write(chunks, callback);
    else tinyWrites.admit(() => this.#stream.write(chunks, callback));
  }

  /** Keeps what came while nobody reads. */
  #keep(bytes: Buffer): void {
    this.#overhead ??= new ChunkOverhead();
    if (this.readableLength === 0) this.#overhead.clear();
    if (this.#overhead.add(bytes.length)) this.#waiting ??= new WaitingBytes(this, super.push.bind(this));
    if (this.#waiting === undefined) this.push(alone(bytes));
    else this.#waiting.add(bytes);
    this.#watch.budget.arrived(this, bytes.length);
  }

  /** Lets the peer send as much as was read. */
  #giveBack(): void {
    const bytes = this.bytesRead - this.readableLength - this.#creditedBytes;
    if (bytes <= 0) return;
    this.#creditedBytes += bytes;
    this.#stream.consumed(bytes);
  }

  #reset(code: number): void {
    if (this.isClosed) return;
    this.rstCode = code;
    this.#stream.reset(code);
  }

  #over(error: Error): void {
    if (!this.#hasEnded || this.readableEnded) {
      this.destroy(error);
      return;
    }
    this.#cut = error;
    this.once("end", () => this.destroy(error));
  }
}

// Made once each: there may be thousands of streams that end so, and a stack says nothing of the peer's reasons.
const STALLED = new BywayError(
  "ERR_STREAM_STALLED",
  "the far end of the link had no memory left for bytes that waited",
);
const RESETS = new Map<number, Error>();

function resetError(code: number): Error {
  const known = RESETS.get(code);
  if (known !== undefined) return known;
  const error = Object.assign(new Error(`the far side reset the stream with HTTP/2 error ${code}`), {
    code: "ERR_HTTP2_STREAM_ERROR",
  });
  // Codes are any 32-bit numbers of a stranger's.
  if (code <= ERROR_CODE.http11Required) RESETS.set(code, error);
  return error;
}

function isStall(reason: Error | undefined): boolean {
  return reason instanceof BywayError && reason.code === "ERR_STREAM_STALLED";
}
