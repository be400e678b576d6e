/** Bytes of one direction, counted for oneself and for all that one is a part of. */
export class ByteCount {
  #bytes = 0;
  #whole: ByteCount | undefined;

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

  /** From now on this is a part of `whole`. What was counted before stays where it is. */
  moveTo(whole: ByteCount): void {
    this.#whole = whole;
  }
}

/**
 * Counts the payload that a node carries. A byte counts once, when its write has gone out.
 *
 *     stream ─► link ─► node
 *                └────► payer, once one pays for the link ─► node
 *
 * A meter adds to the meter of its whole as well, so the count of a link includes the streams that are open. Readers look when
 * they want to know; nothing is called.
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

  /**
   * From now on this is a part of `whole`, streams that are open included: of who pays for a link. `whole` should itself be a part
   * of what this was a part of.
   */
  moveTo(whole: Meter): void {
    this.up.moveTo(whole.up);
    this.down.moveTo(whole.down);
  }

  /** Both ways together. */
  get bytes(): number {
    return this.up.bytes + this.down.bytes;
  }
}
