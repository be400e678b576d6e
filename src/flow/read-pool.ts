import { FLOW_LIMITS } from "./limits.ts";

/** Slabs of one size that wait to be used again. */
interface Shelf {
  readonly slabBytes: number;
  readonly free: ArrayBuffer[];
}

/**
 * Memory for what sockets read, used again and again.
 *
 * Node gives every read of a socket memory of its own, 64 KiB at a time, and leaves it to the garbage collector, which
 * then takes a quarter of a node's time. Here all sockets read into one scratch buffer, a few times larger, and what arrived
 * is copied into slabs that come back when they have been written on.
 */
export class ReadPool {
  /** Where all sockets of this pool read to; what is in it is copied out before the next read. */
  readonly scratch: Buffer = Buffer.allocUnsafeSlow(FLOW_LIMITS.readBytes.value);
  /** The beginning of it, where sockets read to of which the bytes have to wait. */
  readonly little: Buffer = this.scratch.subarray(0, FLOW_LIMITS.heldReadBytes.value);
  /** Smallest slabs first. */
  readonly #shelves: readonly Shelf[] = [16 * 1024, FLOW_LIMITS.slabBytes.value].map((slabBytes) => ({
    slabBytes,
    free: [],
  }));

  /** The first `length` bytes of the scratch buffer as chunks, each to be given back once it was written on. */
  *chunks(length: number): Generator<Buffer, void> {
    for (let start = 0; start < length; ) {
      const chunk = this.#copy(start, Math.min(length, start + FLOW_LIMITS.slabBytes.value));
      start += chunk.length;
      yield chunk;
    }
  }

  /** Takes back a chunk that nobody reads any more: what it holds is overwritten. Others than its own are passed over. */
  giveBack(chunk: Buffer): void {
    const slab = chunk.buffer;
    if (chunk.byteOffset !== 0 || !(slab instanceof ArrayBuffer)) return;
    const shelf = this.#shelves.find(({ slabBytes }) => slabBytes === slab.byteLength);
    if (shelf !== undefined && shelf.free.length < FLOW_LIMITS.freeSlabs.value) shelf.free.push(slab);
  }

  #copy(start: number, end: number): Buffer {
    const length = end - start;
    const shelf = this.#shelves.find(({ slabBytes }) => slabBytes >= length);
    // Little ones come from Node's own pool; a slab would hold far more memory than they need.
    if (shelf === undefined || length < FLOW_LIMITS.leastPooledBytes.value) {
      return Buffer.from(this.scratch.subarray(start, end));
    }
    const chunk = Buffer.from(shelf.free.pop() ?? Buffer.allocUnsafeSlow(shelf.slabBytes).buffer, 0, length);
    this.scratch.copy(chunk, 0, start, end);
    return chunk;
  }
}
