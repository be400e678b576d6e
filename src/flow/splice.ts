import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { abortStream } from "./abort-stream.ts";
import { BufferedDirection } from "./buffered-direction.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { FirstBytes } from "./first-bytes.ts";
import { JoinedWrites } from "./joined-writes.ts";
import { FLOW_LIMITS } from "./limits.ts";
import type { Meter } from "./meter.ts";
import type { Pace } from "./pace.ts";
import { PooledSocket } from "./pooled-socket.ts";

/** A half-closed stream is looked at so often within `halfClosedIdleMs`: its silence lasts at most a fifth longer. */
const SILENT_LOOKS = 5;

/** What a splice works with. */
export interface SpliceComponents {
  readonly clock: Clock;
  /** Told of streams that are held up. */
  readonly budget: ByteBudget;
  /** Counts what goes out: from `a` to `b` as up, from `b` to `a` as down. */
  readonly meter?: Meter | undefined;
  /** Holds both directions together to a speed. */
  readonly pace?: Pace | undefined;
  /** Looks at what `a` sends. Meanwhile `b` may speak. */
  readonly firstBytes?: FirstBytes | undefined;
}

/**
 * Carries bytes between two streams until both have ended; owns both from here on.
 *
 * Backpressure and half-close go through in each direction. An error, or a close before the end, on one side
 * aborts the other, so that nobody takes a cut body for a whole one. What `firstBytes` throws ends both and is the error.
 * Settles with the first error on either side, or undefined if both ended cleanly. Never rejects.
 *
 * Once one direction has ended, silence in the other for `halfClosedIdleMs` ends the splice: a socket that is neither read
 * nor written never learns that its far side is gone.
 */
export function splice(components: SpliceComponents, a: Duplex, b: Duplex): Promise<Error | undefined> {
  const { clock, budget, meter, pace, firstBytes } = components;
  return new Promise((resolve) => {
    // Bytes that were taken from either side.
    let moved = 0;
    let error: Error | undefined;
    let open = 2;
    let idle: Timer | undefined;

    const closed = (): void => {
      open -= 1;
      if (open > 0) return;
      idle?.cancel();
      resolve(error);
    };

    const watchIdleness = (): void => {
      let seen = moved;
      let silentLooks = 0;
      idle ??= clock.every(FLOW_LIMITS.halfClosedIdleMs.value / SILENT_LOOKS, () => {
        silentLooks = moved === seen ? silentLooks + 1 : 0;
        seen = moved;
        if (silentLooks < SILENT_LOOKS) return;
        letGo();
        abortStream(a);
        abortStream(b);
      });
    };

    const letGo = (): void => {
      aToB?.stop();
      bToA?.stop();
    };
    const end = (reason: Error): void => {
      error ??= reason;
      letGo();
      abortStream(a, reason);
      abortStream(b, reason);
    };
    // What was taken from one side and was not given to the other yet.
    const keptFromA = (): number => (aToB?.bytes ?? 0) + toB.bytes;
    const keptFromB = (): number => (bToA?.bytes ?? 0) + toA.bytes;
    const watchBytes = (from: Duplex): void => budget.watch(from, end, from === a ? keptFromA : keptFromB);
    const toA = new JoinedWrites(a, () => watchBytes(a), meter?.down);
    const toB = new JoinedWrites(b, () => watchBytes(b), meter?.up);
    const writesTo = (to: Duplex): JoinedWrites => (to === a ? toA : toB);
    const hold = (from: Duplex, to: Duplex): void => {
      from.pause();
      watchBytes(from);
      watchBytes(to);
    };

    const bufferedDirection = (
      from: Duplex,
      to: Duplex,
      looks: FirstBytes | undefined,
    ): BufferedDirection | undefined => {
      if (pace === undefined && looks === undefined) return undefined;
      const writes = writesTo(to);
      const write = (chunk: Buffer, release?: () => void): boolean => writes.write(chunk, release);
      return new BufferedDirection(
        { from, write, hold: () => hold(from, to), keeps: () => watchBytes(from), fail: end },
        { clock, pace, firstBytes: looks },
      );
    };
    const aToB = bufferedDirection(a, b, firstBytes);
    const bToA = bufferedDirection(b, a, undefined);

    const watch = (
      stream: Duplex,
      peer: Duplex,
      away: BufferedDirection | undefined,
      back: BufferedDirection | undefined,
    ): void => {
      stream.on("error", (cause: Error) => {
        error ??= cause;
        letGo();
        abortStream(peer, cause);
      });
      stream.on("close", () => {
        // Node ends an HTTP/2 stream that was reset without an error by itself: only the peer knows that it had more.
        if (!stream.readableEnded || !stream.writableFinished || !peer.readableEnded) abortStream(peer);
        back?.stop();
        if (peer.destroyed) letGo();
        closed();
      });
      stream.on("drain", back === undefined ? () => peer.resume() : () => back.drained());
      const passEndOn = (): void => {
        writesTo(peer).flush();
        if (!peer.writableEnded) peer.end();
        watchIdleness();
      };
      const ended = away === undefined ? passEndOn : () => away.ended(passEndOn);
      // An end that came before the splice will not come again.
      if (stream.readableEnded) ended();
      else stream.on("end", ended);
    };

    watch(a, b, aToB, bToA);
    watch(b, a, bToA, aToB);
    if (a.destroyed || b.destroyed) {
      // "close" of a stream destroyed earlier has been emitted already and will not come again.
      if (a.destroyed && a.closed) closed();
      if (b.destroyed && b.closed) closed();
      letGo();
      abortStream(a);
      abortStream(b);
      return;
    }
    const carry = (from: Duplex, to: Duplex, buffered: BufferedDirection | undefined): void => {
      const writes = writesTo(to);
      const pass = (chunk: Buffer, release?: () => void): boolean => {
        moved += chunk.length;
        const more = writes.write(chunk, release);
        if (!more) hold(from, to);
        return more;
      };
      const buffer = (chunk: Buffer, release?: () => void): boolean => {
        moved += chunk.length;
        return buffered?.take(chunk, release) ?? true;
      };
      const take = buffered === undefined ? pass : buffer;
      if (from instanceof PooledSocket) from.takeChunks(take);
      else from.on("data", take);
    };
    carry(a, b, aToB);
    carry(b, a, bToA);
  });
}
