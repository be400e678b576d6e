const NONE = new Uint8Array(0);
const LEAST_BYTES = 64;

/** Bytes of what did not come in one piece. They take memory as they come, and not as a length says. */
export class HeldBytes {
  #room: Uint8Array = NONE;
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Memory whose first bytes they are. `add` may replace it. */
  get bytes(): Uint8Array {
    return this.#room;
  }

  /** Copies `bytes[start, end)` behind them. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(LEAST_BYTES, 2 * length));
      room.set(this.#room.subarray(0, this.#length));
      this.#room = room;
    }
    this.#room.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** Forgets them, and their memory. */
  clear(): void {
    this.#room = NONE;
    this.#length = 0;
  }
}
