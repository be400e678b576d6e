import { PaceBucket } from "./line-pace-bucket.ts";
import { Ring, Seat } from "./line-pace-ring.ts";
import type { Pace, PacePlace } from "./pace.ts";

/** The pace of one link: its streams share what the link gets of the line. */
export interface LinkPace extends Pace {
  /** Counts a datagram that passes now, or says false: it is to be dropped, as UDP may. */
  spendOrDrop(bytes: number): boolean;
}

/** What a link asks of the line that it is on. */
export interface LineTurns {
  /** Counts up to `bytes` for `place` and says how many may pass; puts the place in the row when not all. */
  spend(place: PacedDirection, bytes: number): number;
  /** Counts a datagram that may pass. */
  spendDatagram(link: PacedLink, bytes: number): boolean;
  /** Takes a place out of the row. */
  leave(place: PacedDirection): void;
}

/** One direction of one stream on a link. Kept by `LinePace`. */
export class PacedDirection implements PacePlace {
  readonly link: PacedLink;
  readonly resume: () => void;
  readonly seat: Seat<PacedDirection> = new Seat(this as PacedDirection);
  /** What it waits to pass, in bytes. */
  wanted = 0;
  /** Whether it is its turn, which the next `spend` uses up. */
  isTurn = false;
  /** What its latest turn brought, in bytes. */
  granted = 0;
  #gone = false;

  constructor(link: PacedLink, resume: () => void) {
    this.link = link;
    this.resume = resume;
  }

  spend(bytes: number): number {
    if (this.#gone) return bytes;
    return this.seat.taken ? 0 : this.link.line.spend(this, bytes);
  }

  leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.link.streams -= 1;
    this.link.line.leave(this);
  }
}

/** A link's place on the line. State only: `LinePace` decides. */
export class PacedLink implements LinkPace {
  readonly line: LineTurns;
  readonly bucket: PaceBucket;
  readonly seat: Seat<PacedLink> = new Seat(this as PacedLink);
  /** Its places that wait, in the order of their turns. */
  readonly waiting: Ring<PacedDirection> = new Ring();
  /** Places that were taken and not given up. */
  streams = 0;
  /** Bytes that the link may still pass in this round of the line. */
  credit = 0;
  /** Bytes of datagrams that may pass although others wait; turns in the row fill it. */
  datagramBytes: number = Number.POSITIVE_INFINITY;
  /** Waits in the row for the datagrams of the link, which cannot wait themselves. */
  readonly datagrams: PacedDirection;

  constructor(line: LineTurns, nowMs: number, bytesPerSecond: number | undefined) {
    this.line = line;
    this.bucket = new PaceBucket(nowMs, bytesPerSecond);
    this.datagrams = new PacedDirection(this, () => {});
  }

  join(resume: () => void): PacePlace {
    this.streams += 1;
    return new PacedDirection(this, resume);
  }

  spendOrDrop(bytes: number): boolean {
    return this.line.spendDatagram(this, bytes);
  }
}
