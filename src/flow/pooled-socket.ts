import { Socket, type TcpNetConnectOpts } from "node:net";
import type { ReadPool } from "./read-pool.ts";

/** Takes a chunk and says whether more may follow; calls `release` once nobody reads the chunk any more. */
export type ChunkTaker = (chunk: Buffer, release: () => void) => boolean;

/** What the base class is given before there is a `this`. */
interface Reads {
  arrived: (length: number) => boolean;
  room: () => Buffer;
}

/**
 * A TCP socket whose reads make no garbage.
 *
 * It behaves as any `net.Socket` until `takeChunks` is called; from then on what arrives goes to the taker, and there are no
 * `data` events any more. `pause`, `resume`, `end` and errors are as ever.
 */
export class PooledSocket extends Socket {
  /** Its reads bring `heldReadBytes` at most, from the read after the next on: what it brings has to wait. */
  readsLittle = false;
  readonly #pool: ReadPool;
  #taker: ChunkTaker | undefined;

  private constructor(pool: ReadPool, options: TcpNetConnectOpts, reads: Reads) {
    super({ ...options, onread: { buffer: () => reads.room(), callback: (length) => reads.arrived(length) } });
    this.#pool = pool;
    reads.arrived = (length) => this.#arrived(length);
    reads.room = () => (this.readsLittle ? pool.little : pool.scratch);
  }

  /** As `net.connect`. */
  static open(pool: ReadPool, options: TcpNetConnectOpts): PooledSocket {
    return new PooledSocket(pool, options, { arrived: () => true, room: () => pool.scratch }).connect(options);
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
