import type { Duplex } from "node:stream";
import { abortStream } from "./abort-stream.ts";

/** What passed through a splice. */
export interface SpliceResult {
  readonly bytesAToB: number;
  readonly bytesBToA: number;
  /** The first error on either side, if the splice did not end cleanly. */
  readonly error: Error | undefined;
}

/**
 * Carries bytes between two streams until both have ended; owns both from here on.
 *
 * Backpressure and half-close go through in each direction. An error, or a close before the end, on one side
 * aborts the other, so that nobody takes a cut body for a whole one. Never rejects.
 */
export function splice(a: Duplex, b: Duplex): Promise<SpliceResult> {
  return new Promise((resolve) => {
    let bytesAToB = 0;
    let bytesBToA = 0;
    let error: Error | undefined;
    let open = 2;

    const closed = (): void => {
      open -= 1;
      if (open === 0) resolve({ bytesAToB, bytesBToA, error });
    };

    const watch = (stream: Duplex, peer: Duplex): void => {
      stream.on("error", (cause: Error) => {
        error ??= cause;
        abortStream(peer);
      });
      stream.on("close", () => {
        if (!stream.readableEnded || !stream.writableFinished) abortStream(peer);
        closed();
      });
      stream.on("drain", () => peer.resume());
      stream.on("end", () => {
        if (!peer.writableEnded) peer.end();
      });
    };

    watch(a, b);
    watch(b, a);
    if (a.destroyed || b.destroyed) {
      // "close" of a stream destroyed earlier has been emitted already and will not come again.
      if (a.destroyed && a.closed) closed();
      if (b.destroyed && b.closed) closed();
      abortStream(a);
      abortStream(b);
      return;
    }
    a.on("data", (chunk: Buffer) => {
      bytesAToB += chunk.length;
      if (!b.write(chunk)) a.pause();
    });
    b.on("data", (chunk: Buffer) => {
      bytesBToA += chunk.length;
      if (!a.write(chunk)) b.pause();
    });
  });
}
