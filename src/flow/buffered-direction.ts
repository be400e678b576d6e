import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { FirstBytes } from "./first-bytes.ts";
import { JoinedBytes } from "./joined-bytes.ts";
import { FLOW_LIMITS } from "./limits.ts";
import type { Pace, PacePlace } from "./pace.ts";
import { PooledSocket } from "./pooled-socket.ts";

/** The two streams of one direction. */
export interface DirectionEnds {
  readonly from: Duplex;
  /** Writes to the other stream. Returns false if that wants no more until its next "drain". Calls `release` when done. */
  readonly write: (chunk: Buffer, release?: () => void) => boolean;
  /** Called when `write` returned false: pauses `from`. */
  readonly hold: () => void;
  /** Called when first bytes are kept: only their sender can end that wait. */
  readonly keeps: () => void;
  /** Ends both streams. */
  readonly fail: (reason: Error) => void;
}

/** Why a direction buffers. */
export interface DirectionFilters {
  readonly clock: Clock;
  readonly pace?: Pace | undefined;
  readonly firstBytes?: FirstBytes | undefined;
}

interface Held {
  chunk: Buffer;
  readonly release: (() => void) | undefined;
}

/**
 * One direction of a splice that buffers: its first bytes are inspected, or all its bytes are held to a pace.
 *
 *     from ─► first bytes: held until "pass", or for `firstBytesHoldMs` ─► pace: held until its turn ─► to
 *
 * Buffers at most `firstBytes` for inspection, or `heldBytes` and one read of `from` for the pace.
 */
export class BufferedDirection {
  readonly #ends: DirectionEnds;
  readonly #place: PacePlace | undefined;
  readonly #clock: Clock;
  #firstBytes: FirstBytes | undefined;
  /** Room for what is not decided yet: `#seenBytes` of it are used, of which the first `#passedBytes` have passed. */
  #seen: Buffer | undefined;
  #seenBytes = 0;
  #passedBytes = 0;
  #holdTimer: Timer | undefined;
  #held: Held[] = [];
  /** Small chunks behind those. */
  readonly #joined = new JoinedBytes();
  #heldBytes = 0;
  #isPaused = false;
  /** The far stream wants no more for now. */
  #isBlocked = false;
  #isOver = false;
  #passEndOn: (() => void) | undefined;

  constructor(ends: DirectionEnds, holds: DirectionFilters) {
    this.#ends = ends;
    this.#clock = holds.clock;
    this.#firstBytes = holds.firstBytes;
    this.#place = holds.pace?.join(() => this.#pump());
  }

  /** Memory of all that is buffered, in bytes. */
  get bytes(): number {
    return this.#heldBytes + (this.#seen?.length ?? 0);
  }

  /** Takes a chunk that `from` read. Pauses `from` and returns false when the buffer is full. */
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

  /** `from` has ended: calls `passEndOn` once the buffer is empty. */
  ended(passEndOn: () => void): void {
    this.#passEndOn = passEndOn;
    const firstBytes = this.#firstBytes;
    this.#firstBytes = undefined;
    if (this.#seen !== undefined) {
      const seen = this.#seen.subarray(0, this.#seenBytes);
      if (!this.#isHarmless(() => firstBytes?.end?.(seen))) return;
      const rest = seen.subarray(this.#passedBytes);
      this.#forget();
      if (rest.length > 0) this.#pass(rest);
    }
    this.#pump();
  }

  /** One of the streams is gone: drops the buffer. Idempotent. */
  stop(): void {
    this.#isOver = true;
    this.#place?.leave();
    this.#forget();
    for (const { release } of this.#held) release?.();
    this.#held = [];
    this.#joined.clear();
    this.#heldBytes = 0;
    this.#passEndOn = undefined;
  }

  #look(firstBytes: FirstBytes, chunk: Buffer, release?: () => void): boolean {
    const isKept = this.#seen !== undefined;
    if (isKept) this.#keep(chunk);
    const seen = this.#seen?.subarray(0, this.#seenBytes) ?? chunk;
    const passed = this.#passedBytes;
    // How much of `seen` needs no more looks, and how much passes.
    let done = 0;
    let passes = passed;
    const isHarmless = this.#isHarmless(() => {
      while (done < seen.length) {
        const verdict = firstBytes.look(done === 0 ? seen : seen.subarray(done));
        if (verdict === "pass") {
          if (firstBytes.nextAt === undefined) this.#firstBytes = undefined;
          done = firstBytes.nextAt === undefined ? seen.length : done + firstBytes.nextAt;
          passes = Math.max(passes, done);
          continue;
        }
        if (verdict === "open") passes = seen.length;
        if (seen.length - done < FLOW_LIMITS.firstBytes.value) break;
        this.#firstBytes = undefined;
        done = seen.length;
        passes = done;
      }
    });
    if (!isHarmless) {
      release?.();
      return false;
    }
    if (!isKept && done === seen.length) return this.#pass(chunk, release);
    if (!isKept || done > 0) this.#keepOnly(seen.subarray(done), Math.max(0, passes - done));
    else this.#passedBytes = passes;
    if (this.#seenBytes > this.#passedBytes) this.#holdTimer ??= this.#holdsUntil();
    else this.#endHold();
    const goes = passes > passed ? seen.subarray(passed, passes) : undefined;
    if (goes === undefined) {
      release?.();
      return true;
    }
    // Of a chunk that was not kept the rest has been copied.
    return isKept ? this.#passKept(goes, release) : this.#pass(goes, release);
  }

  #passKept(kept: Buffer, release?: () => void): boolean {
    release?.();
    return this.#pass(kept);
  }

  /** Runs a look; when it throws, ends both streams. */
  #isHarmless(look: () => void): boolean {
    try {
      look();
      return true;
    } catch (error) {
      this.stop();
      this.#ends.fail(toBywayError(error));
      return false;
    }
  }

  /** Passes what is held after its time, and goes on looking. */
  #holdsUntil(): Timer {
    return this.#clock.after(FLOW_LIMITS.firstBytesHoldMs.value, () => {
      this.#holdTimer = undefined;
      const held = this.#seen?.subarray(this.#passedBytes, this.#seenBytes);
      this.#passedBytes = this.#seenBytes;
      if (held !== undefined && held.length > 0) this.#pass(held);
    });
  }

  #endHold(): void {
    this.#holdTimer?.cancel();
    this.#holdTimer = undefined;
  }

  /** Keeps of what is kept no more than `rest`, of which `passed` bytes have passed. */
  #keepOnly(rest: Buffer, passed: number): void {
    this.#forget();
    if (rest.length > 0) this.#keep(rest);
    this.#passedBytes = passed;
  }

  #forget(): void {
    this.#endHold();
    this.#seen = undefined;
    this.#seenBytes = 0;
    this.#passedBytes = 0;
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
    if (this.#heldBytes <= FLOW_LIMITS.heldBytes.value && !this.#isBlocked) return true;
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
    } else if (this.#isPaused && !this.#isBlocked && this.#heldBytes <= FLOW_LIMITS.heldBytes.value) {
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
  if (chunk.length > FLOW_LIMITS.blockBytes.value) return false;
  return chunk.length < FLOW_LIMITS.smallChunkBytes.value || 4 * chunk.length < chunk.buffer.byteLength;
}
