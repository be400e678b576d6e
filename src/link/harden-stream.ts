import { constants, type Http2Stream } from "node:http2";
import { BywayError } from "../core/errors.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { ChunkOverhead } from "../flow/chunk-overhead.ts";
import { alone, WaitingBytes } from "../flow/waiting-bytes.ts";
import type { StreamCounts } from "./counted-stream.ts";
import { LINK_LIMITS } from "./limits.ts";
import type { LinkConduct } from "./link-conduct.ts";
import type { ReceiveWindow } from "./receive-window.ts";
import type { TinyWrites } from "./tiny-writes.ts";

// Read for each chunk of each stream.
const TINY = LINK_LIMITS.tinyFrameBytes.value;

interface Chunk {
  readonly chunk: string | Uint8Array;
  readonly encoding: BufferEncoding;
}

type Hardened<S> = S & { -readonly [K in keyof StreamCounts]: StreamCounts[K] };

/** What a hardened stream reports to. */
export interface StreamWatch {
  /** Told of streams whose reader does not keep up. */
  readonly budget: ByteBudget;
  /** Told of what arrives. */
  readonly window?: Pick<ReceiveWindow, "onArrival"> | undefined;
  /** Told of tiny frames that follow one another. */
  readonly conduct?: Pick<LinkConduct, "sentTiny"> | undefined;
  /** Spaces out the tiny frames that this end sends. */
  readonly tinyWrites?: Pick<TinyWrites, "admit"> | undefined;
  /** Why the link is gone; undefined while it stands. */
  readonly lost?: (() => BywayError | undefined) | undefined;
}

/**
 * Makes an HTTP/2 stream tell a cut body from a whole one, in both directions, and send what it was given.
 *
 * Node ends the readable side of a stream cleanly when its session dies, when the far side resets it with NO_ERROR or CANCEL
 * and when it is destroyed here; it sends END_STREAM before RST_STREAM when it is closed with an error, and NO_ERROR when it
 * is destroyed. A proxy that passed any of these on would turn a broken download into a short file. After this call:
 *
 * - The readable side ends only on END_STREAM. Otherwise the stream closes without `end`; with an error, unless it was
 *   destroyed here without one.
 * - `resetAndDestroy()` resets with CONNECT_ERROR (RFC 9113 §8.5) and no END_STREAM before it.
 * - `destroy()` resets with CANCEL, unless both directions have ended.
 *
 * Node (26.10) takes a gathered write for sent when it meets an empty last chunk and frees the memory of the others,
 * so that the far side receives whatever the heap holds there by then; `node:http` ends a message with such a chunk.
 * After this call empty chunks are left out.
 *
 * It counts what it carries. What waits is joined, so that its memory goes by its bytes, and is made known to `watch.budget`. `resetAndDestroy(reason)` resets with
 * ENHANCE_YOUR_CALM where the reason is ERR_STREAM_STALLED, and a stream that the far side reset so has that as its error.
 */
export function hardenStream<S extends Http2Stream>(stream: S, watch: StreamWatch): S & StreamCounts {
  const { budget, window, conduct, tinyWrites } = watch;
  // Whether END_STREAM has come. Both can be before this call: with the head, or with what one read brought behind it.
  let hasEnded = stream.endAfterHeaders || stream.state.remoteClose === 1;
  let isEndedHere = false;
  const hardened: Hardened<S> = Object.assign(stream, {
    bytesRead: 0,
    bytesWritten: 0,
    resetAndDestroy(reason?: Error): void {
      if (stream.destroyed) return;
      isEndedHere = true;
      stream.end = () => stream;
      stream.close(isStall(reason) ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_CONNECT_ERROR);
      stream.destroy(reason);
    },
  });
  const push = stream.push;
  let waiting: WaitingBytes | undefined;
  let isAfterTiny = false;
  const overhead = new ChunkOverhead();
  const pushEnd = (): boolean => {
    // Node closes a stream before it ends one that got no END_STREAM, and after it has ended one that did.
    if (!hasEnded && stream.closed) {
      // It goes on to use the stream within this call.
      process.nextTick(() => stream.destroy());
      return false;
    }
    hasEnded = true;
    waiting?.flush();
    return push.call(stream, null);
  };
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) return pushEnd();
    if (!(chunk instanceof Uint8Array)) {
      waiting?.flush();
      return push.call(stream, chunk, encoding);
    }
    hardened.bytesRead += chunk.length;
    window?.onArrival(hardened, chunk.length);
    const isTiny = chunk.length < TINY;
    // A large frame comes in two pieces where a record of TLS ends, and one of them can be tiny.
    if (isTiny && isAfterTiny) conduct?.sentTiny();
    isAfterTiny = isTiny;
    if (stream.readableFlowing === true) {
      waiting?.flush();
      return push.call(stream, chunk, encoding);
    }
    if (stream.readableLength === 0) overhead.clear();
    if (overhead.add(chunk.length)) waiting ??= new WaitingBytes(stream, push.bind(stream));
    const more = waiting === undefined ? push.call(stream, alone(chunk), encoding) : waiting.add(chunk);
    budget.arrived(stream, chunk.length);
    return more;
  };
  // One that was reset before it came here would wait for its end for ever.
  if (stream.closed && !stream.destroyed) pushEnd();
  const destroy = stream._destroy;
  stream._destroy = (error, callback): void => {
    const isWhole = hasEnded && stream.writableFinished;
    const cut = isWhole ? undefined : watch.lost?.();
    if (!stream.closed && !isWhole) {
      isEndedHere = true;
      stream.end = () => stream;
      stream.close(constants.NGHTTP2_CANCEL);
    }
    const told = error ?? cut ?? stallTold(stream) ?? (isWhole || isEndedHere ? null : quietReset(stream));
    destroy.call(stream, told, callback);
  };
  const isTinyWrite = (bytes: number): boolean => bytes < TINY;
  const write = stream._write;
  stream._write = (chunk: string | Uint8Array, encoding, callback): void => {
    if (chunk.length === 0) {
      callback();
      return;
    }
    const bytes = sizeOf(chunk, encoding);
    hardened.bytesWritten += bytes;
    if (tinyWrites === undefined || !isTinyWrite(bytes)) write.call(stream, chunk, encoding, callback);
    else tinyWrites.admit(() => write.call(stream, chunk, encoding, callback));
  };
  const writev = stream._writev?.bind(stream);
  if (writev !== undefined) {
    stream._writev = (chunks: Chunk[], callback): void => {
      let bytes = 0;
      let hasEmpty = false;
      for (const { chunk, encoding } of chunks) {
        if (chunk.length === 0) hasEmpty = true;
        bytes += sizeOf(chunk, encoding);
      }
      if (bytes === 0) {
        callback();
        return;
      }
      const full = hasEmpty ? chunks.filter(({ chunk }) => chunk.length > 0) : chunks;
      hardened.bytesWritten += bytes;
      if (tinyWrites === undefined || !isTinyWrite(bytes)) writev(full, callback);
      else tinyWrites.admit(() => writev(full, callback));
    };
  }
  stream.on("error", () => {});
  return hardened;
}

function sizeOf(chunk: string | Uint8Array, encoding: BufferEncoding): number {
  return typeof chunk === "string" ? Buffer.byteLength(chunk, encoding) : chunk.length;
}

function isStall(reason: Error | undefined): boolean {
  return reason instanceof BywayError && reason.code === "ERR_STREAM_STALLED";
}

/** Why the far side reset the stream, if it said that it had stalled. */
function stallTold(stream: Http2Stream): BywayError | null {
  return stream.closed && stream.rstCode === constants.NGHTTP2_ENHANCE_YOUR_CALM
    ? new BywayError("ERR_STREAM_STALLED", "the far end of the link had no memory left for bytes that waited")
    : null;
}

/** The error that Node spares a stream which the far side reset with one of the two codes that it takes for no failure. */
function quietReset({ closed, rstCode }: Http2Stream): Error | null {
  const isQuiet = rstCode === constants.NGHTTP2_NO_ERROR || rstCode === constants.NGHTTP2_CANCEL;
  if (!closed || !isQuiet) return null;
  const error = new Error(`the far side reset the stream with HTTP/2 error ${rstCode}`);
  return Object.assign(error, { code: "ERR_HTTP2_STREAM_ERROR" });
}
