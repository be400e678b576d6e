import { CORE_LIMITS } from "./limits.ts";

/**
 * Whether so many small chunks came that keeping each by itself would cost more than their bytes.
 *
 * Bulk is large chunks and the rests of their frames, where a record of TLS has cut them: a large chunk pays for the small
 * ones around it.
 */
export class ChunkOverhead {
  #bytes = 0;

  /** Counts a chunk of `length` bytes; true if those that are as small are to be joined from here on. */
  add(length: number): boolean {
    const bytes = this.#bytes + CORE_LIMITS.smallChunkBytes.value - length;
    this.#bytes = Math.min(Math.max(bytes, 0), CORE_LIMITS.overheadBytes.value);
    return bytes >= CORE_LIMITS.overheadBytes.value;
  }
}
