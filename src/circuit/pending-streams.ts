import { deadline, withAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { PendingStream } from "../link/link.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** The part of a stream that is watched. */
type WatchedStream = Pick<PendingStream, "accepted" | "cancel">;

/** The part of a circuit that its pending streams use. */
export interface PendingStreamsEvents {
  /** Resolves when the exit answers a ping. */
  readonly ping: () => Promise<unknown>;
  /** Bytes from the exit so far. */
  readonly bytesReceived: () => number;
  /** Called when the exit has not answered. */
  readonly onDead: () => void;
}

/** Refusals that may mean that the exit, rather than one target, is cut off. */
const SILENT: ReadonlySet<ErrorCode> = new Set(["ERR_TARGET_TIMEOUT", "ERR_TARGET_NAME_TIMEOUT", "ERR_TARGET_NETWORK"]);

/** The error of a stream whose exit does not answer. */
export function noAnswer(): BywayError {
  return new BywayError("ERR_HOP_TIMEOUT", "the exit did not answer in time");
}

/**
 * The streams of a circuit that its exit has not answered yet, all watched by one timer.
 *
 * A slow target and a dead exit look alike. An exit that has not answered for `suspectMs` is pinged. If it does not answer that
 * either, the circuit ends and its streams can try another one. If it does, it has until `streamMs`.
 */
export class PendingStreams {
  readonly clock: Clock;
  readonly #events: PendingStreamsEvents;
  /** When each was opened, oldest first. */
  readonly #sinceMs = new Map<WatchedStream, number>();
  #timer: Timer | undefined;
  #checking: Promise<void> | undefined;
  #silentFailures = 0;

  constructor(components: { clock: Clock }, events: PendingStreamsEvents) {
    this.clock = components.clock;
    this.#events = events;
  }

  /** Targets in a row that the exit did not reach. */
  get silentFailures(): number {
    return this.#silentFailures;
  }

  /** Watches `pending` until it settles. */
  watch(pending: WatchedStream): void {
    this.#sinceMs.set(pending, this.clock.monotonicMs());
    this.#timer ??= this.clock.every(CIRCUIT_LIMITS.suspectMs.value / 2, () => this.#tick());
    pending.accepted.then(
      () => this.#settled(pending, 0),
      (cause) => this.#settled(pending, this.#silentFailuresAfter(toBywayError(cause).code)),
    );
  }

  /** Ends the circuit unless anything comes from the exit within `checkMs`. Concurrent callers share one ping. */
  check(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async #check(): Promise<void> {
    using limit = deadline(this.clock, CIRCUIT_LIMITS.checkMs.value, noAnswer);
    const before = this.#events.bytesReceived();
    try {
      await withAbort(this.#events.ping(), limit.signal);
    } catch {
      // On a slow path the answer may come after megabytes of a download. These bytes prove as well that the exit is there.
      if (this.#events.bytesReceived() === before) this.#events.onDead();
    }
  }

  #silentFailuresAfter(code: ErrorCode): number {
    // An app that gives up says nothing about the exit.
    if (code === "ERR_ABORTED") return this.#silentFailures;
    return SILENT.has(code) ? this.#silentFailures + 1 : 0;
  }

  #settled(pending: WatchedStream, silentFailures: number): void {
    this.#silentFailures = silentFailures;
    this.#sinceMs.delete(pending);
    if (this.#sinceMs.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [pending, sinceMs] of this.#sinceMs) {
      if (nowMs - sinceMs < CIRCUIT_LIMITS.streamMs.value) break;
      pending.cancel(noAnswer());
    }
    const [oldestMs] = this.#sinceMs.values();
    if (oldestMs !== undefined && nowMs - oldestMs >= CIRCUIT_LIMITS.suspectMs.value) void this.check();
  }
}
