/** Bytes of one direction, counted for oneself and for all that one is a part of. */
export class ByteCount {
  #bytes = 0;
  readonly #whole: ByteCount | undefined;

  constructor(whole?: ByteCount) {
    this.#whole = whole;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that have gone out. Runs for each write of each stream: a few additions, and no garbage. */
  add(bytes: number): void {
    this.#bytes += bytes;
    for (let whole = this.#whole; whole !== undefined; whole = whole.#whole) whole.#bytes += bytes;
  }
}

/**
 * Counts the payload that a node carries. A byte counts once, when its write has gone out.
 *
 *     stream ─► link ─► node
 *
 * A meter adds to the meter of its whole as well, so the count of a link holds the streams that are open. Readers look when they
 * want to know; nothing is called.
 */
export class Meter {
  /** From the client to the target or the next hop. */
  readonly up: ByteCount;
  /** Back to the client. */
  readonly down: ByteCount;

  /** `whole` is what this is a part of: the link of a stream, the node of a link. */
  constructor(whole?: Meter) {
    this.up = new ByteCount(whole?.up);
    this.down = new ByteCount(whole?.down);
  }

  /** Both ways together. */
  get bytes(): number {
    return this.up.bytes + this.down.bytes;
  }
}
