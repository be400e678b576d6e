import { totalmem } from "node:os";
import { constrainedMemory } from "node:process";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { abortStream } from "./abort-stream.ts";
import { FreedMemory } from "./freed-memory.ts";
import { FLOW_LIMITS } from "./limits.ts";

/** What a budget may vary. */
export interface ByteBudgetOptions {
  /** Bytes that may wait in this process; default: a quarter of the memory, at most 1 GiB. */
  readonly bytes?: number | undefined;
}

interface Watched {
  end: (reason: BywayError) => void;
  kept: () => number;
  /** Bytes that had gone through the stream when it was last looked at. */
  moved: number;
}

/**
 * The one budget for bytes that wait in this process because somebody does not read or a target does not take them.
 *
 * Nothing is counted while bytes flow. Whoever finds a stream held up says so. Streams that were held up are looked at
 * once in `budgetPeriodMs`, and at once when what has arrived since then may be too much. When together they hold more than
 * the budget, those of which most has stood still since the last look are ended with ERR_STREAM_STALLED until the rest fits.
 * The memory of ended streams is collected on purpose where that is possible.
 */
export class ByteBudget {
  /** How many bytes may wait. */
  readonly bytes: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #freed: Pick<FreedMemory, "add">;
  readonly #watched = new Map<Duplex, Watched>();
  /** What streams held after the last look, and what has come since. */
  #held = 0;
  #grown = 0;
  #isDue = false;
  #look: Timer | undefined;
  #report: Timer | undefined;
  #endedSinceReport = 0;

  constructor(
    components: { clock: Clock; logger: Logger; freed?: Pick<FreedMemory, "add"> },
    options: ByteBudgetOptions = {},
  ) {
    this.bytes = options.bytes ?? defaultBudgetBytes(memoryBytes());
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#freed = components.freed ?? new FreedMemory(components, this.bytes / FLOW_LIMITS.freedSteps.value);
  }

  /**
   * Says that `stream` is held up. Cheap, to be called as often as it happens; `end` replaces `abortStream`, and `kept` tells
   * what its reader has taken from it and keeps, in bytes. Where a stream changes hands, those of its latest owner count.
   */
  watch(stream: Duplex, end?: (reason: BywayError) => void, kept?: () => number): void {
    const known = this.#watched.get(stream);
    if (known !== undefined) {
      known.end = end ?? known.end;
      known.kept = kept ?? known.kept;
      return;
    }
    const watched: Watched = {
      end: end ?? ((reason) => abortStream(stream, reason)),
      kept: kept ?? (() => 0),
      moved: 0,
    };
    const keptBytes = watched.kept();
    watched.moved = bytesMoved(stream) - keptBytes;
    this.#watched.set(stream, watched);
    this.#look ??= this.#clock.every(FLOW_LIMITS.budgetPeriodMs.value, () => this.#check());
    this.#grow(heldBytes(stream) + keptBytes);
  }

  /** Says that `bytes` arrived on `stream` while nobody read it. A stream with little is not worth a look. */
  arrived(stream: Duplex, bytes: number): void {
    if (this.#watched.has(stream)) this.#grow(bytes);
    else if (stream.readableLength >= FLOW_LIMITS.watchedBytes.value) this.watch(stream);
  }

  /** Looks as soon as what comes in now is done, when there may be too much. A look takes time, so it must be worth one. */
  #grow(bytes: number): void {
    this.#grown += bytes;
    if (this.#isDue || this.#held + this.#grown <= this.bytes) return;
    if (this.#grown < this.bytes / FLOW_LIMITS.budgetSteps.value) return;
    this.#isDue = true;
    queueMicrotask(() => this.#check());
  }

  #check(): void {
    this.#isDue = false;
    let held = 0;
    const found: { end: Watched["end"]; bytes: number; stood: number }[] = [];
    for (const [stream, watched] of this.#watched) {
      const kept = watched.kept();
      const bytes = stream.destroyed ? 0 : heldBytes(stream) + kept;
      if (bytes === 0) {
        this.#watched.delete(stream);
        continue;
      }
      const moved = bytesMoved(stream) - kept;
      found.push({ end: watched.end, bytes, stood: Math.max(0, bytes - (moved - watched.moved)) });
      watched.moved = moved;
      held += bytes;
    }
    if (this.#watched.size === 0) {
      this.#look?.cancel();
      this.#look = undefined;
    }
    this.#grown = 0;
    this.#held = held;
    if (held <= this.bytes) return;
    const before = held;
    found.sort((a, b) => b.stood - a.stood || b.bytes - a.bytes);
    let ended = 0;
    for (const { end, bytes } of found) {
      if (held <= this.bytes) break;
      held -= bytes;
      ended += 1;
      end(
        new BywayError(
          "ERR_STREAM_STALLED",
          "bytes waited that the far side did not take, and memory for them ran out",
          {
            data: { heldBytes: bytes },
          },
        ),
      );
    }
    this.#held = held;
    this.#freed.add(before - held);
    this.#tell(ended, before);
  }

  /** One line at once, and then at most one in `budgetReportMs`. */
  #tell(ended: number, heldBytes: number): void {
    this.#endedSinceReport += ended;
    if (this.#report !== undefined || this.#endedSinceReport === 0) return;
    this.#logger.warn("streams whose far side does not read were ended, as the memory budget was used up", {
      ended: this.#endedSinceReport,
      heldBytes,
      budgetBytes: this.bytes,
    });
    this.#endedSinceReport = 0;
    this.#report = this.#clock.after(FLOW_LIMITS.budgetReportMs.value, () => {
      this.#report = undefined;
      this.#tell(0, heldBytes);
    });
  }
}

/** The budget of a machine, or a container, with so many bytes of memory: a quarter of them, at most 1 GiB. */
export function defaultBudgetBytes(memory: number): number {
  return Math.min(FLOW_LIMITS.budgetBytes.value, Math.floor(memory / 4));
}

/** What this process may use: a container's limit, which is more than there is when there is none. */
function memoryBytes(): number {
  return Math.min(totalmem(), constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** What a stream holds: bytes in both directions, and what keeping each chunk costs, which is more than a small one's bytes. */
function heldBytes(stream: Duplex): number {
  const chunks = chunksIn(stream, "_readableState") + chunksIn(stream, "_writableState");
  return stream.readableLength + stream.writableLength + chunks * FLOW_LIMITS.chunkCostBytes.value;
}

/** Node counts the bytes of a stream for all to see, and its chunks only here. */
function chunksIn(stream: Duplex, side: "_readableState" | "_writableState"): number {
  const state = (stream as unknown as Record<typeof side, { readonly buffered?: unknown; readonly buffer?: unknown }>)[
    side
  ];
  const chunks = state?.buffered ?? state?.buffer;
  return Array.isArray(chunks) ? chunks.length : 0;
}

/** Bytes that have gone through the stream so far, either way, where it counts them (`net.Socket`, hardened streams). */
function bytesMoved(stream: Duplex): number {
  const { bytesRead, bytesWritten } = stream as { bytesRead?: unknown; bytesWritten?: unknown };
  const taken = typeof bytesRead === "number" ? bytesRead - stream.readableLength : 0;
  return typeof bytesWritten === "number" ? taken + bytesWritten - stream.writableLength : taken;
}
