import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A stream whose owner knows a way to end it abruptly that the far side can tell from an ordinary end. */
export interface AbortableStream {
  /** Ends both directions at once: RST for TCP, RST_STREAM for HTTP/2, which can tell the `reason`. */
  resetAndDestroy(reason?: Error): unknown;
}

function isAbortable(stream: object): stream is AbortableStream {
  return "resetAndDestroy" in stream && typeof stream.resetAndDestroy === "function";
}

/**
 * libuv refuses to reset a socket once it was asked for a FIN (EINVAL), and Node then never closes it. Node asks for it when
 * the last byte has left; until then a reset works, and takes care that what was not sent is missed.
 */
function isEnding(stream: Duplex): boolean {
  return stream instanceof Socket && stream.writableEnded && !stream.writableFinished && stream.writableLength === 0;
}

/**
 * Ends `stream` abruptly, so that the far side sees an error and not a short body.
 * Plain `destroy()` would send FIN on TCP, which looks like a complete answer.
 * `reason` is told to the far side where the protocol has a word for it.
 */
export function abortStream(stream: Duplex, reason?: Error): void {
  if (stream.destroyed) return;
  if (!isAbortable(stream) || isEnding(stream)) {
    stream.destroy();
    return;
  }
  try {
    stream.resetAndDestroy(reason);
  } catch {
    // Local sockets and pipes have the method and no reset: it throws.
    stream.destroy();
  }
}
