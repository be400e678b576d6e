import { FLOW_LIMITS } from "./limits.ts";

// Read for each chunk of each stream.
const SMALL = FLOW_LIMITS.smallChunkBytes.value;
const MOST = FLOW_LIMITS.overheadBytes.value;

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
    const missing = SMALL - length;
    if (this.#bytes === 0 && missing <= 0) return false;
    const bytes = this.#bytes + missing;
    this.#bytes = Math.min(Math.max(bytes, 0), MOST);
    return bytes >= MOST;
  }

  /** Says that no chunk waits any more. */
  clear(): void {
    this.#bytes = 0;
  }
}
