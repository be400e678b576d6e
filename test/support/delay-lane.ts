import type { Socket } from "node:net";
import type { Clock, Timer } from "../../src/core/clock.ts";
import { abortStream } from "../../src/flow/abort-stream.ts";

/** Pieces in which a link with a bandwidth sends, so that the first bytes of a big read do not wait for the last. */
const PIECE_BYTES = 16 * 1024;

/** What all connections that cross a link in one direction share. */
export interface Lane {
  readonly delayMs: number;
  /** Bytes a second; Infinity for a link that is never full. */
  readonly bytesPerSecond: number;
  /** How much one connection may have in the queue and on the way before its sender is no longer read. */
  readonly capacityBytes: number;
  /** Whether nothing leaves the far end. */
  stalled: boolean;
  /** When the link has sent all that was queued. */
  freeAtMs: number;
  /** Bytes that left the far end so far. */
  carriedBytes: number;
  /** Bytes that were read and have not left yet. */
  heldBytes: number;
}

type Ending = "end" | "reset";

interface Item {
  readonly dueMs: number;
  readonly what: Buffer | Ending;
}

/** One connection's bytes in one direction of a link: each leaves `delayMs` after it was sent, in order, ends and resets too. */
export class LaneTraffic {
  readonly #clock: Clock;
  readonly #lane: Lane;
  readonly #from: Socket;
  readonly #to: Socket;
  #items: Item[] = [];
  /** Items before this one have left. */
  #next = 0;
  #heldBytes = 0;
  #timer: Timer | undefined;

  constructor(components: { clock: Clock }, lane: Lane, from: Socket, to: Socket) {
    this.#clock = components.clock;
    this.#lane = lane;
    this.#from = from;
    this.#to = to;
    from.on("data", (chunk: Buffer) => this.#take(chunk));
    from.on("end", () => this.#finish("end"));
    from.on("close", () => {
      if (!from.readableEnded || !from.writableFinished) this.#finish("reset");
    });
    to.on("drain", () => this.deliver());
    to.on("close", () => this.#drop());
  }

  /** Sends on what is due, and waits for the rest. */
  deliver(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lane.stalled || this.#to.destroyed || this.#to.connecting) return;
    const nowMs = this.#clock.monotonicMs();
    this.#to.cork();
    let item = this.#items[this.#next];
    while (item !== undefined && item.dueMs <= nowMs && !this.#to.writableNeedDrain && !this.#to.destroyed) {
      this.#next += 1;
      this.#leave(item.what);
      item = this.#items[this.#next];
    }
    this.#to.uncork();
    this.#forgetLeft();
    if (this.#heldBytes < this.#lane.capacityBytes) this.#from.resume();
    if (item !== undefined && item.dueMs > nowMs && !this.#to.destroyed)
      this.#timer = this.#clock.after(Math.ceil(item.dueMs - nowMs), () => this.deliver());
  }

  #take(chunk: Buffer): void {
    if (this.#to.destroyed) return;
    this.#hold(chunk.length);
    const lane = this.#lane;
    if (lane.bytesPerSecond === Number.POSITIVE_INFINITY) this.#queue(chunk, this.#clock.monotonicMs());
    else {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        const piece = chunk.subarray(at, at + PIECE_BYTES);
        const startMs = Math.max(lane.freeAtMs, this.#clock.monotonicMs());
        lane.freeAtMs = startMs + (piece.length / lane.bytesPerSecond) * 1_000;
        this.#queue(piece, lane.freeAtMs);
      }
    }
    if (this.#heldBytes >= lane.capacityBytes) this.#from.pause();
  }

  #finish(how: Ending): void {
    if (this.#to.destroyed) return;
    this.#queue(how, Math.max(this.#lane.freeAtMs, this.#clock.monotonicMs()));
  }

  #queue(what: Item["what"], sentMs: number): void {
    this.#items.push({ dueMs: sentMs + this.#lane.delayMs, what });
    if (this.#timer === undefined && this.#items.length === this.#next + 1) this.deliver();
  }

  #leave(what: Item["what"]): void {
    if (what === "end") this.#to.end();
    else if (what === "reset") abortStream(this.#to);
    else {
      this.#hold(-what.length);
      this.#lane.carriedBytes += what.length;
      this.#to.write(what);
    }
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#lane.heldBytes += bytes;
  }

  #forgetLeft(): void {
    if (this.#next < 256 && this.#next < this.#items.length) return;
    this.#items = this.#items.slice(this.#next);
    this.#next = 0;
  }

  #drop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#items = [];
    this.#next = 0;
    this.#hold(-this.#heldBytes);
    // Nobody reads on: the sender's bytes go nowhere, as on a connection whose far side is gone.
    this.#from.resume();
  }
}
