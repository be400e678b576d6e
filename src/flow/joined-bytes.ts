import { FLOW_LIMITS } from "./limits.ts";

const NONE = Buffer.alloc(0);

/**
 * Small chunks that wait, copied together into one block of memory.
 *
 * A chunk of one byte that waits by itself costs some 250 bytes, and keeps all of the read that brought it. A block grows
 * by doubling, so its memory stays below twice its bytes, once there are some hundred.
 */
export class JoinedBytes {
  #block: Buffer = NONE;
  #length = 0;

  /** Bytes that wait here. */
  get length(): number {
    return this.#length;
  }

  /** Copies `chunk` behind what is here; false, and nothing is done, if the two are longer than `blockBytes`. */
  add(chunk: Uint8Array): boolean {
    const length = this.#length + chunk.length;
    if (length > FLOW_LIMITS.blockBytes.value) return false;
    if (length > this.#block.length) {
      const room = Math.max(FLOW_LIMITS.leastBlockBytes.value, Math.min(2 * length, FLOW_LIMITS.blockBytes.value));
      const block = Buffer.allocUnsafeSlow(room);
      this.#block.copy(block, 0, 0, this.#length);
      this.#block = block;
    }
    this.#block.set(chunk, this.#length);
    this.#length = length;
    return true;
  }

  /** Takes all bytes out; the caller owns them. Empty if there are none. */
  take(): Buffer {
    const [block, length] = [this.#block, this.#length];
    this.clear();
    if (2 * length >= block.length) return block.subarray(0, length);
    // A block that is mostly empty would keep its room for as long as its bytes wait.
    const fitting = Buffer.allocUnsafeSlow(length);
    block.copy(fitting, 0, 0, length);
    return fitting;
  }

  /** Drops all bytes. */
  clear(): void {
    this.#block = NONE;
    this.#length = 0;
  }
}
