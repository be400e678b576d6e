import type { Clock, Timer } from "../core/clock.ts";
import { FLOW_LIMITS } from "./limits.ts";
import { PaceBucket } from "./line-pace-bucket.ts";
import { type LineTurns, type LinkPace, type PacedDirection, PacedLink } from "./line-pace-link.ts";
import { Ring } from "./line-pace-ring.ts";

/** How fast a line may be, in bytes a second, both ways together; absent: as fast as it goes. */
export interface LinePaceOptions {
  readonly bytesPerSecond?: number | undefined;
  /** The same for each link. */
  readonly linkBytesPerSecond?: number | undefined;
}

/**
 * Holds all that a node carries to the speed that its operator allows, and each link to its own.
 *
 * A token bucket for the line and one for each link. What cannot pass at once waits in a row: links take turns by bytes
 * (deficit round robin, Shreedhar and Varghese 1995), the streams of a link take turns within its share, and a turn brings a
 * piece so small that a round is short. Nobody overtakes who waits for the line. A link that has used up its own speed
 * holds up only itself.
 *
 * Over any time no more than speed × time + burst passes (20 ms worth); with datagrams, which cannot wait, another burst,
 * and after the process itself was late up to 250 ms worth more. There is a timer only while somebody waits.
 */
export class LinePace {
  readonly #clock: Clock;
  readonly #line: PaceBucket;
  readonly #linkBytesPerSecond: number | undefined;
  /** Links with places that wait. */
  readonly #row = new Ring<PacedLink>();
  readonly #turns: LineTurns = {
    spend: (place, bytes) => this.#spend(place, bytes),
    spendDatagram: (link, bytes) => this.#spendDatagram(link, bytes),
    leave: (place) => {
      this.#takeOut(place);
      this.#rest();
    },
  };
  #waiting = 0;
  /** Somebody waits for the line itself and not only for the link. */
  #lineIsShort = false;
  #isServing = false;
  #timer: Timer | undefined;
  #wakeAtMs = 0;

  constructor(components: { clock: Clock }, options: LinePaceOptions = {}) {
    this.#clock = components.clock;
    this.#line = new PaceBucket(this.#clock.monotonicMs(), options.bytesPerSecond);
    this.#linkBytesPerSecond = options.linkBytesPerSecond;
  }

  /** Places that wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Changes the speed of the line from now on, in bytes a second (at least 1); undefined: as fast as it goes. */
  setRate(bytesPerSecond: number | undefined): void {
    this.#line.setRate(this.#clock.monotonicMs(), bytesPerSecond);
    if (this.#waiting > 0) this.#wakeIn(0);
  }

  /** The pace of one more link, which all streams of the link share. It goes with whoever keeps it. */
  openLink(): LinkPace {
    return new PacedLink(this.#turns, this.#clock.monotonicMs(), this.#linkBytesPerSecond);
  }

  #spend(place: PacedDirection, wanted: number): number {
    const { link, isTurn } = place;
    const { bucket } = link;
    place.isTurn = false;
    if (this.#line.isOpen && bucket.isOpen && this.#waiting === 0) return wanted;
    this.#fill(link);
    let granted = 0;
    if (isTurn || this.#nobodyWaitsWith(link)) {
      const piece = this.#piece(link, isTurn);
      const bytes = Math.floor(Math.min(this.#line.bytes, bucket.bytes, wanted, isTurn ? piece : wanted));
      // A sliver is worth less than the turn that it costs. But a turn was given for what was wanted then.
      if (bytes >= Math.min(isTurn ? place.wanted : wanted, piece)) {
        granted = bytes;
        this.#take(link, bytes);
      }
    }
    place.granted += granted;
    if (granted < wanted) this.#enrol(place, wanted - granted);
    return granted;
  }

  #spendDatagram(link: PacedLink, bytes: number): boolean {
    const { bucket, datagrams } = link;
    if (this.#line.isOpen && bucket.isOpen) return true;
    this.#fill(link);
    link.datagramBytes = Math.min(link.datagramBytes, this.#allowance(link));
    const isFree = this.#nobodyWaitsWith(link) && this.#line.bytes >= bytes && bucket.bytes >= bytes;
    // One that came at a bad moment need not be lost: the link's allowance lets it go ahead of the bytes that wait.
    const isAllowed =
      link.datagramBytes >= bytes &&
      this.#line.bytes - bytes >= -this.#line.burst &&
      bucket.bytes - bytes >= -bucket.burst;
    if (isFree || isAllowed) this.#take(link, bytes);
    if (!isFree) {
      if (isAllowed) link.datagramBytes -= bytes;
      if (!datagrams.seat.taken) this.#enrol(datagrams, this.#allowance(link) - link.datagramBytes);
    }
    return isFree || isAllowed;
  }

  /** What the datagrams of a link may pass ahead of time, in bytes. */
  #allowance(link: PacedLink): number {
    return Math.min(this.#line.burst, link.bucket.burst) / 2;
  }

  #take(link: PacedLink, bytes: number): void {
    this.#line.bytes -= bytes;
    link.bucket.bytes -= bytes;
  }

  #fill({ bucket, waiting }: PacedLink): void {
    const nowMs = this.#clock.monotonicMs();
    this.#line.fill(nowMs, this.#lineIsShort);
    bucket.fill(nowMs, waiting.size > 0 && !this.#lineIsShort);
  }

  #nobodyWaitsWith(link: PacedLink): boolean {
    return this.#waiting === 0 || (link.waiting.size === 0 && !this.#lineIsShort && !this.#isServing);
  }

  #piece(link: PacedLink, isTurn: boolean): number {
    const streams = link.waiting.size + (isTurn ? 1 : 0);
    return Math.min(this.#line.piece(this.#row.size * streams), link.bucket.piece(streams));
  }

  #enrol(place: PacedDirection, wanted: number): void {
    const { link, seat } = place;
    place.wanted = wanted;
    link.waiting.push(seat);
    this.#waiting += 1;
    if (!link.seat.taken) this.#row.push(link.seat);
    if (this.#isServing) return;
    const need = Math.min(wanted, this.#piece(link, false));
    // Who waits for the line already has set the timer for it.
    if (this.#lineIsShort) return;
    this.#lineIsShort = this.#line.bytes < need;
    const waitMs = Math.max(this.#line.msUntil(need), link.bucket.msUntil(need));
    if (this.#timer === undefined || this.#clock.monotonicMs() + waitMs < this.#wakeAtMs) this.#wakeIn(waitMs);
  }

  #takeOut(place: PacedDirection): void {
    const { link, seat } = place;
    if (!link.waiting.remove(seat)) return;
    this.#waiting -= 1;
    if (link.waiting.size > 0) return;
    link.credit = 0;
    this.#row.remove(link.seat);
  }

  /** Nobody waits: nothing is left running. */
  #rest(): void {
    if (this.#waiting > 0 || this.#isServing) return;
    this.#lineIsShort = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wakeIn(ms: number): void {
    this.#timer?.cancel();
    const delayMs = Math.max(ms, FLOW_LIMITS.paceWakeMs.value);
    this.#wakeAtMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#serve());
  }

  /** Gives turns until the line has no more, or every link that waits has used up its own speed. */
  #serve(): void {
    this.#timer = undefined;
    this.#isServing = true;
    let waitMs = Number.POSITIVE_INFINITY;
    let passedOver = 0;
    let isShort = false;
    this.#line.fill(this.#clock.monotonicMs(), this.#lineIsShort);
    while (passedOver < this.#row.size) {
      const link = this.#row.first;
      const place = link?.waiting.first;
      if (link === undefined || place === undefined) break;
      link.bucket.fill(this.#clock.monotonicMs(), !this.#lineIsShort);
      const need = Math.min(place.wanted, this.#piece(link, false));
      if (this.#line.bytes < need) {
        isShort = true;
        waitMs = Math.min(waitMs, this.#line.msUntil(need));
        break;
      }
      if (link.bucket.bytes < need) {
        waitMs = Math.min(waitMs, link.bucket.msUntil(need));
        passedOver += 1;
        this.#toBack(link);
        continue;
      }
      passedOver = 0;
      this.#turn(link, place);
    }
    this.#isServing = false;
    this.#lineIsShort = isShort;
    if (this.#waiting > 0) this.#wakeIn(waitMs);
    else this.#rest();
  }

  #turn(link: PacedLink, place: PacedDirection): void {
    const share = this.#line.piece(this.#row.size);
    const credit = Math.min(share, link.credit > 0 ? link.credit : link.credit + share);
    const piece = this.#piece(link, false);
    // The link keeps its turn although this may be its only place.
    link.waiting.remove(place.seat);
    this.#waiting -= 1;
    place.granted = 0;
    if (place === link.datagrams) this.#allowDatagrams(link, piece);
    else {
      place.isTurn = true;
      place.resume();
      place.isTurn = false;
    }
    link.credit = link.waiting.size > 0 ? credit - place.granted : 0;
    if (link.waiting.size === 0) this.#row.remove(link.seat);
    else if (link.credit <= 0) this.#toBack(link);
  }

  /** The bytes themselves are counted when a datagram passes. */
  #allowDatagrams(link: PacedLink, piece: number): void {
    const most = this.#allowance(link);
    if (most === Number.POSITIVE_INFINITY) return;
    link.datagrams.granted = Math.min(piece, most - link.datagramBytes);
    link.datagramBytes += link.datagrams.granted;
    if (link.datagramBytes < most) this.#enrol(link.datagrams, most - link.datagramBytes);
  }

  #toBack(link: PacedLink): void {
    this.#row.remove(link.seat);
    this.#row.push(link.seat);
  }
}
