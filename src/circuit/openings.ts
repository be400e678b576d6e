import { deadline, withAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { PendingStream } from "../link/link.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** What openings ask and tell their circuit. */
export interface OpeningsEvents {
  /** Resolves when the exit answers a ping. */
  readonly ping: () => Promise<unknown>;
  /** Bytes that came from the exit so far. */
  readonly bytesReceived: () => number;
  readonly onDead: () => void;
}

/** Refusals that say that the exit, rather than one target, may be cut off. */
const SILENT: ReadonlySet<ErrorCode> = new Set(["ERR_TARGET_TIMEOUT", "ERR_TARGET_NAME_TIMEOUT", "ERR_TARGET_NETWORK"]);

/** What an opening fails with whose exit says nothing. */
export function noAnswer(): BywayError {
  return new BywayError("ERR_HOP_TIMEOUT", "the exit did not answer in time");
}

/**
 * The streams of a circuit that its exit has not answered yet, all watched by one timer.
 *
 * A slow target and a dead exit look alike, so an exit that owes an answer for `suspectMs` is pinged: if it is silent, the
 * circuit ends and its streams can try another; if it is there, it has until `streamMs`.
 */
export class Openings {
  readonly clock: Clock;
  readonly #events: OpeningsEvents;
  /** When each was opened, oldest first. */
  readonly #sinceMs = new Map<PendingStream, number>();
  #timer: Timer | undefined;
  #checking: Promise<void> | undefined;
  #silentFailures = 0;

  constructor(components: { clock: Clock }, events: OpeningsEvents) {
    this.clock = components.clock;
    this.#events = events;
  }

  /** Targets in a row that the exit did not reach. */
  get silentFailures(): number {
    return this.#silentFailures;
  }

  /** Watches `pending` until it settles. */
  watch(pending: PendingStream): void {
    this.#sinceMs.set(pending, this.clock.monotonicMs());
    this.#timer ??= this.clock.every(CIRCUIT_LIMITS.suspectMs.value / 2, () => this.#tick());
    pending.accepted.then(
      () => this.#settled(pending, 0),
      (cause) => this.#settled(pending, this.#silentFailuresAfter(toBywayError(cause).code)),
    );
  }

  /** Ends the circuit unless the exit says anything within `checkMs`; concurrent askers share one question. */
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
      // On a slow way the answer may stand behind megabytes of a download, which are a sign of life as good.
      if (this.#events.bytesReceived() === before) this.#events.onDead();
    }
  }

  #silentFailuresAfter(code: ErrorCode): number {
    // That an app lost its patience says nothing about the exit.
    if (code === "ERR_ABORTED") return this.#silentFailures;
    return SILENT.has(code) ? this.#silentFailures + 1 : 0;
  }

  #settled(pending: PendingStream, silentFailures: number): void {
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
