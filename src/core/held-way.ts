import type { Duplex } from "node:stream";
import { toBywayError } from "./errors.ts";
import type { FirstBytes } from "./first-bytes.ts";
import { JoinedBytes } from "./joined-bytes.ts";
import { CORE_LIMITS } from "./limits.ts";
import type { Pace, PacePlace } from "./pace.ts";
import { PooledSocket } from "./pooled-socket.ts";

/** What a way does to its two streams. */
export interface HeldWayEnds {
  readonly from: Duplex;
  /** Writes to the other stream; false when it wants no more until its next "drain". Calls `release` when done. */
  readonly write: (chunk: Buffer, release?: () => void) => boolean;
  /** Told when `write` said false: pauses `from`. */
  readonly hold: () => void;
  /** Told when first bytes are kept back: nothing but their sender ends that wait. */
  readonly keeps: () => void;
  /** Ends both streams. */
  readonly fail: (reason: Error) => void;
}

/** What holds bytes up on a way. */
export interface WayHolds {
  readonly pace?: Pace | undefined;
  readonly firstBytes?: FirstBytes | undefined;
}

interface Held {
  chunk: Buffer;
  readonly release: (() => void) | undefined;
}

/**
 * One direction of a splice of which the bytes do not simply pass: they are looked at first, or held to a pace.
 *
 *     from ─► first bytes: held until "pass" ─► pace: held until its turn ─► to
 *
 * Keeps at most `firstBytes` or, waiting for its turn, `heldBytes` and one read of `from`.
 */
export class HeldWay {
  readonly #ends: HeldWayEnds;
  readonly #place: PacePlace | undefined;
  #firstBytes: FirstBytes | undefined;
  /** Room for what was not let through yet; `#seenBytes` of it are used. */
  #seen: Buffer | undefined;
  #seenBytes = 0;
  #held: Held[] = [];
  /** Small chunks behind those. */
  readonly #joined = new JoinedBytes();
  #heldBytes = 0;
  #isPaused = false;
  /** The far stream wants no more for now. */
  #isBlocked = false;
  #isOver = false;
  #passEndOn: (() => void) | undefined;

  constructor(ends: HeldWayEnds, holds: WayHolds) {
    this.#ends = ends;
    this.#firstBytes = holds.firstBytes;
    this.#place = holds.pace?.join(() => this.#pump());
  }

  /** Bytes of memory in what is kept back. */
  get bytes(): number {
    return this.#heldBytes + (this.#seen?.length ?? 0);
  }

  /** Takes what `from` brought; false when it is to bring no more for now, and then it is paused. */
  take(chunk: Buffer, release?: () => void): boolean {
    if (this.#isOver) {
      release?.();
      return false;
    }
    return this.#firstBytes === undefined ? this.#pass(chunk, release) : this.#look(this.#firstBytes, chunk, release);
  }

  /** The far stream takes more again. */
  drained(): void {
    this.#isBlocked = false;
    this.#pump();
  }

  /** `from` has ended: `passEndOn` is called once all that is held has passed. */
  ended(passEndOn: () => void): void {
    this.#passEndOn = passEndOn;
    this.#firstBytes = undefined;
    if (this.#seen !== undefined) this.#pass(this.#takeSeen());
    this.#pump();
  }

  /** One of the streams is gone: lets go of all that is held. Idempotent. */
  stop(): void {
    this.#isOver = true;
    this.#place?.leave();
    this.#seen = undefined;
    for (const { release } of this.#held) release?.();
    this.#held = [];
    this.#joined.clear();
    this.#heldBytes = 0;
    this.#passEndOn = undefined;
  }

  #look(firstBytes: FirstBytes, chunk: Buffer, release?: () => void): boolean {
    const isFirst = this.#seen === undefined;
    if (!isFirst) this.#keep(chunk);
    const seen = this.#seen?.subarray(0, this.#seenBytes) ?? chunk;
    try {
      if (firstBytes.look(seen) === "more" && seen.length < CORE_LIMITS.firstBytes.value) {
        if (isFirst) this.#keep(chunk);
        release?.();
        return true;
      }
    } catch (error) {
      release?.();
      this.stop();
      this.#ends.fail(toBywayError(error));
      return false;
    }
    this.#firstBytes = undefined;
    if (isFirst) return this.#pass(chunk, release);
    release?.();
    return this.#pass(this.#takeSeen());
  }

  /** Copies, into room that doubles: an app may say a byte at a time. */
  #keep(chunk: Buffer): void {
    const needed = this.#seenBytes + chunk.length;
    if (this.#seen === undefined || this.#seen.length < needed) {
      const room = Buffer.allocUnsafeSlow(Math.max(1024, 2 * needed));
      this.#seen?.copy(room, 0, 0, this.#seenBytes);
      this.#seen = room;
    }
    chunk.copy(this.#seen, this.#seenBytes);
    this.#seenBytes = needed;
    this.#ends.keeps();
  }

  #takeSeen(): Buffer {
    const seen = this.#seen?.subarray(0, this.#seenBytes) ?? Buffer.alloc(0);
    this.#seen = undefined;
    return seen;
  }

  #pass(chunk: Buffer, release?: () => void): boolean {
    const { length } = chunk;
    if (this.#place === undefined) return this.#write(chunk, release);
    if (length === 0) return true;
    if (this.#heldBytes === 0 && !this.#isBlocked) {
      const granted = this.#place.spend(length);
      if (granted === length) {
        this.#readLess(false);
        return this.#write(chunk, release);
      }
      if (granted > 0) this.#write(chunk.subarray(0, granted));
      this.#keepBack(chunk.subarray(granted), release);
    } else this.#keepBack(chunk, release);
    this.#readLess(true);
    if (this.#heldBytes <= CORE_LIMITS.heldBytes.value && !this.#isBlocked) return true;
    this.#isPaused = true;
    this.#ends.from.pause();
    return false;
  }

  #keepBack(chunk: Buffer, release: (() => void) | undefined): void {
    this.#heldBytes += chunk.length;
    if (!isSmall(chunk, release)) {
      this.#holdJoined();
      this.#held.push({ chunk, release });
      return;
    }
    if (!this.#joined.add(chunk)) {
      this.#holdJoined();
      this.#joined.add(chunk);
    }
    release?.();
  }

  #holdJoined(): void {
    if (this.#joined.length > 0) this.#held.push({ chunk: this.#joined.take(), release: undefined });
  }

  /** Passes as much of what is held as may go now. */
  #pump(): void {
    if (this.#isOver || this.#isBlocked) return;
    if (this.#place !== undefined && this.#heldBytes > 0) this.#passHeld(this.#place.spend(this.#heldBytes));
    if (this.#heldBytes === 0 && this.#passEndOn !== undefined) {
      this.#place?.leave();
      const passEndOn = this.#passEndOn;
      this.#passEndOn = undefined;
      passEndOn();
    } else if (this.#isPaused && !this.#isBlocked && this.#heldBytes <= CORE_LIMITS.heldBytes.value) {
      this.#isPaused = false;
      this.#ends.from.resume();
    }
  }

  #passHeld(bytes: number): void {
    let left = bytes;
    this.#heldBytes -= bytes;
    while (left > 0) {
      if (this.#held.length === 0) this.#holdJoined();
      const [head] = this.#held;
      if (head === undefined) return;
      if (head.chunk.length > left) {
        const part = head.chunk.subarray(0, left);
        head.chunk = head.chunk.subarray(left);
        this.#write(part);
        return;
      }
      this.#held.shift();
      left -= head.chunk.length;
      this.#write(head.chunk, head.release);
    }
  }

  #write(chunk: Buffer, release?: () => void): boolean {
    const more = this.#ends.write(chunk, release);
    if (more) return true;
    this.#isBlocked = true;
    this.#isPaused = true;
    this.#ends.hold();
    return false;
  }

  #readLess(isLittle: boolean): void {
    const { from } = this.#ends;
    if (from instanceof PooledSocket) from.readsLittle = isLittle;
  }
}

/** Whether a chunk is small, or small beside the memory that it keeps, so that it had better be copied. */
function isSmall(chunk: Buffer, release: (() => void) | undefined): boolean {
  // The beginning of the same memory may be on its way still.
  if (release !== undefined && chunk.byteOffset > 0) return false;
  if (chunk.length > CORE_LIMITS.blockBytes.value) return false;
  return chunk.length < CORE_LIMITS.smallChunkBytes.value || 4 * chunk.length < chunk.buffer.byteLength;
}
