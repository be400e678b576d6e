import { Duplex } from "node:stream";

/**
 * One end of a byte pipe inside this process, with the manners of a TCP socket: what is written arrives later and never
 * within the call that wrote it, each direction ends by itself, and an abrupt end resets the far side.
 * `stream.duplexPair` delivers within the write, which TLS and HTTP/2 sessions on both ends do not survive.
 */
export class MemoryPipe extends Duplex {
  #peer: MemoryPipe | undefined;
  #resumeWriter: (() => void) | undefined;

  /** Two ends, each the far side of the other. */
  static pair(): readonly [MemoryPipe, MemoryPipe] {
    const near = new MemoryPipe();
    const far = new MemoryPipe();
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  /** Ends both directions at once; the far side sees an error. */
  resetAndDestroy(): void {
    const peer = this.#peer;
    process.nextTick(() => peer?.destroy(new Error("the far end of the pipe was reset")));
    this.destroy();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    process.nextTick(() => {
      const peer = this.#peer;
      if (peer === undefined || peer.destroyed) callback(new Error("the far end of the pipe is gone"));
      else if (peer.push(chunk)) callback();
      else peer.#resumeWriter = callback;
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    process.nextTick(() => {
      if (this.#peer?.destroyed === false) this.#peer.push(null);
      callback();
    });
  }

  override _read(): void {
    const resume = this.#resumeWriter;
    this.#resumeWriter = undefined;
    if (resume !== undefined) process.nextTick(resume);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const peer = this.#peer;
    this.#peer = undefined;
    this._read();
    // FIN, as a closed socket sends it, unless the end was sent already.
    process.nextTick(() => {
      if (peer?.destroyed === false && !this.writableFinished) peer.push(null);
    });
    callback(error);
  }
}
