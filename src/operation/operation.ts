import type { Clock, Timer } from "../core/clock.ts";
import type { JsonValue } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { BYTES_PER_MBIT } from "../core/units.ts";
import type { LineBytes } from "../flow/socket-totals.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import { decideServing, type ServingDecision } from "./decide-serving.ts";
import { OPERATION_LIMITS } from "./limits.ts";
import { LineSampler } from "./line-sampler.ts";
import { type LocalTime, systemLocalTime } from "./local-time.ts";
import type { NodeStatus } from "./node-status.ts";
import { OpeningHours } from "./opening-hours.ts";
import { isWorthTelling, type ServingOrders } from "./serving-orders.ts";
import { SpanCounts } from "./span-counts.ts";
import { daySpan, monthSpan, type TimeSpan } from "./time-span.ts";
import { CLOSING_SHARE, LANDING_SHARE, type VolumeState } from "./volume-speed.ts";

/** What an operation needs. */
export interface OperationComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keeps the counts, and whether the node is paused. */
  readonly records: RecordKeeper;
  /** All that crossed the line since the process started; it falls only where a part of the node was replaced. */
  readonly line: () => LineBytes;
  /** Told at `start`, and whenever there is something new. */
  readonly onOrders: (orders: ServingOrders) => void;
  /** The machine's own by default. */
  readonly local?: LocalTime | undefined;
}

/** What the operator allows; what is absent is not limited. */
export interface OperationOptions {
  readonly upMbps?: number | undefined;
  readonly downMbps?: number | undefined;
  /** GB of 10⁹ bytes, received and sent together. */
  readonly monthlyGb?: number | undefined;
  /** 1 to 31; default 1. */
  readonly monthlyResetDay?: number | undefined;
  /** `HH:MM-HH:MM`, by the machine's clock; empty for always. */
  readonly hours?: readonly string[] | undefined;
}

const KIND = "operation";
const BYTES_PER_GB = 1e9;

/**
 * Turns what the operator allows into orders: it counts the line's bytes by day and month, looks at the clock once a
 * second, and remembers over restarts what was used and whether the node is paused. A crash costs the last seconds' count.
 */
export class Operation {
  readonly #components: OperationComponents;
  readonly #clock: Clock;
  readonly #local: LocalTime;
  readonly #hours: OpeningHours;
  readonly #resetDay: number;
  readonly #capBytes: number | undefined;
  readonly #bytesPerSecond: number | undefined;
  readonly #sampler: LineSampler;
  readonly #month: SpanCounts;
  readonly #day: SpanCounts;
  #monthSpan: TimeSpan = { startMs: 0, endMs: 0 };
  #daySpan: TimeSpan = { startMs: 0, endMs: 0 };
  #lookedMs: number;
  #lookedMonotonicMs: number;
  #isPaused: boolean;
  #isDraining = false;
  #closedSinceMs: number | undefined;
  #opensMs: number | undefined;
  #decision: ServingDecision;
  #told: ServingOrders;
  #timer: Timer | undefined;

  /** Throws ERR_CONFIG_VALUE for hours that have another form. */
  constructor(components: OperationComponents, options: OperationOptions = {}) {
    const { clock, records, line, local = systemLocalTime } = components;
    this.#components = components;
    this.#clock = clock;
    this.#local = local;
    this.#hours = new OpeningHours({ local }, options.hours ?? []);
    this.#resetDay = options.monthlyResetDay ?? 1;
    this.#capBytes = options.monthlyGb === undefined ? undefined : options.monthlyGb * BYTES_PER_GB;
    const mbps = [options.upMbps, options.downMbps].filter((speed) => speed !== undefined);
    this.#bytesPerSecond = mbps.length === 0 ? undefined : Math.min(...mbps) * BYTES_PER_MBIT;
    this.#sampler = new LineSampler({ clock, line });

    const saved = new Map<string, JsonValue>(records.load(KIND));
    this.#month = new SpanCounts(saved.get("month"));
    this.#day = new SpanCounts(saved.get("day"));
    this.#isPaused = saved.get("paused") === true;
    this.#lookedMs = clock.nowMs();
    this.#lookedMonotonicMs = clock.monotonicMs();
    this.#monthSpan = this.#enterSpans(true);
    // Whatever stood before the start is gone, so there is nobody to wait for.
    this.#closedSinceMs = Number.NEGATIVE_INFINITY;
    this.#decision = this.#decide();
    this.#told = this.#decision.orders;
  }

  /** What holds now; told again by `onOrders` when it changes. */
  get orders(): ServingOrders {
    return this.#decision.orders;
  }

  /** Whether the node serves, as its status shows it. */
  get serving(): NodeStatus["serving"] {
    return this.#decision.serving;
  }

  /** Traffic as the node's status shows it, as of the last second. */
  get traffic(): NodeStatus["traffic"] {
    return {
      today: this.#day.current,
      month: this.#month.current,
      monthStart: new Date(this.#monthSpan.startMs).toISOString(),
      monthEnd: new Date(this.#monthSpan.endMs).toISOString(),
      ...(this.#capBytes === undefined ? {} : { monthlyCapBytes: this.#capBytes }),
    };
  }

  /**
   * For the advertised load, 0 to 1: 1 while no streams are taken, else the share of the speed that is in use, or of the
   * volume once it is running out.
   */
  get loadShare(): number {
    const { refusal, bytesPerSecond } = this.orders;
    if (refusal !== undefined) return 1;
    const speedShare = bytesPerSecond === undefined ? 0 : this.#sampler.bytesPerSecond / 2 / bytesPerSecond;
    const volume = this.#volume();
    const used = volume === undefined ? 0 : volume.usedBytes / volume.capBytes;
    return Math.min(1, Math.max(speedShare, used < LANDING_SHARE ? 0 : used / CLOSING_SHARE));
  }

  /** Tells the orders, and begins to count. Idempotent. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#told = this.orders;
    this.#components.onOrders(this.orders);
    this.#timer = this.#clock.every(OPERATION_LIMITS.countMs.value, () => this.#look());
  }

  /** Counts what came since the last look, and ends. Idempotent. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.#count();
  }

  /** Takes no new streams until `resume`, also after a restart; takes back `drain`. */
  pause(): void {
    this.#isDraining = false;
    this.#setPaused(true);
  }

  /** Serves again; takes back `drain` as well. */
  resume(): void {
    this.#isDraining = false;
    this.#setPaused(false);
  }

  /** Takes no new streams; the caller stops the node when the last is over. */
  drain(): void {
    this.#isDraining = true;
    this.#tell();
  }

  #setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#components.records.put(KIND, "paused", true);
    else this.#components.records.remove(KIND, "paused");
    this.#tell();
  }

  #look(): void {
    this.#count();
    this.#tell();
  }

  /** What came since the last look belongs to where the clock stood then. */
  #count(): void {
    const bytes = this.#sampler.sample();
    this.#month.add(bytes);
    this.#day.add(bytes);
    const nowMs = this.#clock.nowMs();
    const monotonicMs = this.#clock.monotonicMs();
    const driftMs = nowMs - this.#lookedMs - (monotonicMs - this.#lookedMonotonicMs);
    const isStep = Math.abs(driftMs) > OPERATION_LIMITS.clockStepMs.value;
    this.#lookedMs = nowMs;
    this.#lookedMonotonicMs = monotonicMs;
    if (isStep) this.#opensMs = undefined;
    const before = this.#monthSpan;
    this.#monthSpan = this.#enterSpans(isStep);
    if (bytes.received + bytes.sent === 0 && before.startMs === this.#monthSpan.startMs) return;
    this.#components.records.put(KIND, "month", this.#month.saved);
    this.#components.records.put(KIND, "day", this.#day.saved);
  }

  #enterSpans(isStep: boolean): TimeSpan {
    // Once a day at most, as the month's bounds lie at those of days.
    const { startMs, endMs } = this.#daySpan;
    if (startMs <= this.#lookedMs && this.#lookedMs < endMs) return this.#monthSpan;
    this.#daySpan = daySpan(this.#local, this.#lookedMs);
    const month = monthSpan(this.#local, this.#lookedMs, this.#resetDay);
    this.#month.enter(month, isStep);
    this.#day.enter(this.#daySpan, isStep);
    return month;
  }

  #tell(): void {
    const before = this.serving;
    this.#decision = this.#decide();
    if (this.serving.state !== before.state || this.serving.reason !== before.reason)
      this.#components.logger.info("whether the node serves has changed", { ...this.serving });
    if (this.#timer === undefined || !isWorthTelling(this.#told, this.orders)) return;
    this.#told = this.orders;
    this.#components.onOrders(this.orders);
  }

  #decide(): ServingDecision {
    const volume = this.#volume();
    const afterHours = this.#afterHours();
    return decideServing({
      nowMs: this.#lookedMs,
      isDraining: this.#isDraining,
      isPaused: this.#isPaused,
      volume,
      afterHours,
      bytesPerSecond: this.#bytesPerSecond,
    });
  }

  #volume(): VolumeState | undefined {
    if (this.#capBytes === undefined) return undefined;
    const { received, sent } = this.#month.current;
    const leftMs = this.#monthSpan.endMs - this.#lookedMs;
    return { capBytes: this.#capBytes, usedBytes: received + sent, leftMs };
  }

  #afterHours(): { readonly forMs: number; readonly opensMs: number } | undefined {
    if (this.#hours.isOpen(this.#lookedMs)) {
      this.#closedSinceMs = undefined;
      this.#opensMs = undefined;
      return undefined;
    }
    this.#closedSinceMs ??= this.#lookedMonotonicMs;
    this.#opensMs ??= this.#hours.opensMs(this.#lookedMs);
    return { forMs: this.#lookedMonotonicMs - this.#closedSinceMs, opensMs: this.#opensMs };
  }
}
