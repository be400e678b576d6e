import { Socket, type TcpNetConnectOpts } from "node:net";
import type { ReadPool } from "./read-pool.ts";

/** Takes a chunk and says whether more may follow; calls `release` once nobody reads the chunk any more. */
export type ChunkTaker = (chunk: Buffer, release: () => void) => boolean;

/**
 * A TCP socket whose reads make no garbage.
 *
 * It behaves as any `net.Socket` until `takeChunks` is called; from then on what arrives goes to the taker, and there are no
 * `data` events any more. `pause`, `resume`, `end` and errors are as ever.
 */
export class PooledSocket extends Socket {
  readonly #pool: ReadPool;
  #taker: ChunkTaker | undefined;

  private constructor(pool: ReadPool, options: TcpNetConnectOpts, reads: { arrived: (length: number) => boolean }) {
    super({ ...options, onread: { buffer: pool.scratch, callback: (length) => reads.arrived(length) } });
    this.#pool = pool;
    reads.arrived = (length) => this.#arrived(length);
  }

  /** As `net.connect`. */
  static open(pool: ReadPool, options: TcpNetConnectOpts): PooledSocket {
    return new PooledSocket(pool, options, { arrived: () => true }).connect(options);
  }

  /** Hands all that arrives from now on, and what waits to be read, to `taker`, and lets it flow. */
  takeChunks(taker: ChunkTaker): void {
    this.#taker = taker;
    const waiting: Buffer | null = this.read();
    if (waiting !== null && !taker(waiting, () => {})) this.pause();
    else this.resume();
  }

  #arrived(length: number): boolean {
    const taker = this.#taker;
    let more = true;
    if (taker === undefined) return this.push(Buffer.from(this.#pool.scratch.subarray(0, length)));
    for (const chunk of this.#pool.chunks(length)) {
      more = taker(chunk, () => this.#pool.giveBack(chunk)) && more;
    }
    return more;
  }
}
