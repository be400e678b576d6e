import type { JsonValue } from "../core/errors.ts";
import type { LineBytes } from "../flow/socket-totals.ts";
import { OPERATION_LIMITS } from "./limits.ts";
import type { TimeSpan } from "./time-span.ts";

/** Bytes of one span of time. */
interface SpanCount {
  readonly startMs: number;
  readonly endMs: number;
  received: number;
  sent: number;
}

/** What was counted since the clock was set from one span into another, to be moved when it is set back again. */
interface Excursion {
  readonly homeMs: number;
  received: number;
  sent: number;
}

const NOTHING: LineBytes = { received: 0, sent: 0 };

/**
 * Bytes by spans of time, days or months, that a clock which is set forward or back neither loses nor counts twice.
 *
 * - When time passes into the next span, the count begins at 0.
 * - When the clock is set into another span, what is counted there moves back once the clock is set right.
 * - A clock that is set back into a span that nobody knows takes the whole count along: no time has passed, and nobody
 *   gets a month's volume twice. The same where the bounds of the months were changed.
 */
export class SpanCounts {
  /** The one that counts now is the last. */
  #spans: SpanCount[] = [];
  #excursion: Excursion | undefined;

  /** `saved` is what `saved` gave before the restart; a stranger's hand may have been in it. */
  constructor(saved: JsonValue | undefined) {
    const { spans, excursion } = record(saved);
    for (const value of Array.isArray(spans) ? spans.slice(-OPERATION_LIMITS.keptSpans.value) : []) {
      const { startMs, endMs, received, sent } = record(value);
      if (isCount(startMs) && isCount(endMs) && isCount(received) && isCount(sent))
        this.#spans.push({ startMs, endMs, received, sent });
    }
    const { homeMs, received, sent } = record(excursion);
    if (isCount(homeMs) && isCount(received) && isCount(sent)) this.#excursion = { homeMs, received, sent };
  }

  /** The count of the span that was entered last. */
  get current(): LineBytes {
    const span = this.#spans.at(-1);
    return span === undefined ? NOTHING : { received: span.received, sent: span.sent };
  }

  /** Everything, as it is to be kept. */
  get saved(): JsonValue {
    return {
      spans: this.#spans.map((span) => ({ ...span })),
      ...(this.#excursion === undefined ? {} : { excursion: { ...this.#excursion } }),
    };
  }

  /** The clock shows `span` now; `isStep` says that it was set, rather than that time has passed. */
  enter(span: TimeSpan, isStep: boolean): void {
    const before = this.#spans.at(-1);
    if (before?.startMs === span.startMs && before.endMs === span.endMs) return;
    const known = this.#spans.find(({ startMs, endMs }) => startMs === span.startMs && endMs === span.endMs);
    const entered = known ?? { startMs: span.startMs, endMs: span.endMs, received: 0, sent: 0 };
    const isCarried = known === undefined && before !== undefined && before.endMs > span.startMs;

    const away = this.#excursion;
    this.#excursion = undefined;
    if (before !== undefined && isStep) {
      if (away !== undefined && away.homeMs === span.startMs) move(before, entered, away);
      else {
        const carried = isCarried ? { received: before.received, sent: before.sent } : NOTHING;
        this.#excursion = { homeMs: before.startMs, ...carried };
      }
    }
    if (before !== undefined && isCarried) move(before, entered, before);
    this.#spans = [...this.#spans.filter((other) => other !== known), entered].slice(-OPERATION_LIMITS.keptSpans.value);
  }

  /** Counts bytes in the span that was entered last. */
  add({ received, sent }: LineBytes): void {
    for (const count of [this.#spans.at(-1), this.#excursion]) {
      if (count === undefined) continue;
      count.received += received;
      count.sent += sent;
    }
  }
}

function move(from: SpanCount, to: SpanCount, bytes: LineBytes): void {
  const { received, sent } = bytes;
  to.received += received;
  to.sent += sent;
  from.received = Math.max(0, from.received - received);
  from.sent = Math.max(0, from.sent - sent);
}

function record(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? (value as { readonly [key: string]: unknown }) : {};
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
