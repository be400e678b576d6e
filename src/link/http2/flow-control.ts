import { HIGHEST_31_BIT } from "./frame-format.ts";

/**
 * How many bytes of DATA a peer lets this end send, on a stream or on the whole connection (RFC 9113 §6.9).
 * Below zero after the peer has made its initial window smaller (§6.9.2).
 */
export class SendWindow {
  #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Bytes that may be sent now; none where it is below zero. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Says that `bytes` of DATA are sent. */
  take(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Moves the window by `bytes`, up or down. False, and no change, where it would pass 2^31-1 (§6.9.1). */
  shift(bytes: number): boolean {
    if (this.#bytes + bytes > HIGHEST_31_BIT) return false;
    this.#bytes += bytes;
    return true;
  }
}

/**
 * How many bytes of DATA this end lets a peer send (RFC 9113 §6.9). What was consumed is given back when it is a quarter of
 * the window, so that a peer whose bytes are taken never finds the window shut, and no byte costs a frame.
 */
export class ReceiveCredit {
  /** What the window is when nothing waits. */
  #size: number;
  /** What the peer may still send; below zero after `resize` to less. */
  #left: number;
  /** Consumed, and not given back. */
  #owed = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Bytes that the peer may still send. */
  get left(): number {
    return this.#left;
  }

  /** Takes in `bytes` of DATA, padding included; false where the peer was not allowed so many. */
  arrive(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** Says that `bytes` are consumed. Returns the increment of a WINDOW_UPDATE to send now, or 0. */
  consume(bytes: number): number {
    this.#owed += bytes;
    if (4 * this.#owed < this.#size) return 0;
    const increment = this.#owed;
    this.#owed = 0;
    this.#left += increment;
    return increment;
  }

  /** Changes the window to `size`, as SETTINGS_INITIAL_WINDOW_SIZE does for a stream. */
  resize(size: number): void {
    this.#left += size - this.#size;
    this.#size = size;
  }
}
