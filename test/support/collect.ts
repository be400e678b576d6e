import type { Readable } from "node:stream";

/**
 * All bytes of `stream` up to its end; rejects when it closes before.
 * Unlike async iteration it leaves the writable side open, and reads what an HTTP/2 stream holds after it was closed.
 */
export function collect(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks)));
    stream.on("error", reject);
    stream.on("close", () => reject(new Error("the stream closed before its end")));
  });
}

/** Settles at "close", whatever came before. */
export function closeOf(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("close", resolve));
}
