import type { Clock, Timer } from "../../core/clock.ts";
import { toBywayError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { Random } from "../../core/random.ts";
import type { Bandwidth } from "../../link/measure-bandwidth.ts";
import { firstHopWays } from "../../link/way-kinds.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import { SELF_LIMITS } from "./limits.ts";

/** One measurement. */
export interface MeasuredBandwidth extends Bandwidth {
  readonly atMs: number;
}

/** Keeps the last measurements over restarts. JSON values; what `load` returns is checked, and it may throw. */
export interface BandwidthState {
  load(): unknown;
  save(measured: readonly MeasuredBandwidth[]): void;
}

/** What measuring needs. */
export interface BandwidthRecordComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Peers to measure with; the node's own advertisement is passed over. */
  readonly peers: () => readonly KnownPeer[];
  /** Measures by a real transfer with one peer. Throws BywayError. */
  readonly measure: (peer: KnownPeer, signal: AbortSignal) => Promise<Bandwidth>;
  readonly state?: BandwidthState | undefined;
  /** Called when the bandwidth changed. */
  readonly onChange: () => void;
}

/** A single peer may be slow, busy or a liar: the median of three different ones is what a node tells. */
const KEPT = 3;

/**
 * Measures a node's bandwidth, each time with another peer picked by chance, and keeps the last three results: the first
 * three soon after the start, later ones daily. What it tells is their median.
 */
export class BandwidthRecord {
  readonly #components: BandwidthRecordComponents;
  readonly #self: string;
  readonly #stopping = new AbortController();
  readonly #asked: string[] = [];
  #measured: readonly MeasuredBandwidth[];
  #failures = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;

  /** `self` is the node's own peer id. */
  constructor(components: BandwidthRecordComponents, self: string) {
    this.#components = components;
    this.#self = self;
    this.#measured = this.#load();
  }

  /** The median of the last measurements; undefined before the first. */
  get bandwidth(): Bandwidth | undefined {
    if (this.#measured.length === 0) return undefined;
    return {
      upMbps: median(this.#measured.map(({ upMbps }) => upMbps)),
      downMbps: median(this.#measured.map(({ downMbps }) => downMbps)),
    };
  }

  /** Begins to measure. Idempotent. */
  start(): void {
    if (this.#timer === undefined && !this.#stopping.signal.aborted) this.#plan();
  }

  /** Settles when no measurement runs. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    await this.#running;
  }

  #plan(): void {
    if (this.#stopping.signal.aborted) return;
    this.#timer = this.#components.clock.after(this.#waitMs(), () => {
      const peer = this.#choose();
      if (peer === undefined) {
        this.#plan();
        return;
      }
      this.#running = this.#measureWith(peer).finally(() => {
        this.#running = undefined;
        this.#plan();
      });
    });
  }

  #waitMs(): number {
    const { measureDailyMs, measureSoonMs, measureRetryMs } = SELF_LIMITS;
    const last = this.#measured.at(-1);
    if (this.#failures > 0) {
      // No longer than that: a crowd of peers that refuse must not keep a node unmeasured for days.
      return Math.min(measureSoonMs.value, measureRetryMs.value * 2 ** Math.min(this.#failures - 1, 16));
    }
    if (last === undefined) return measureRetryMs.value;
    const dueMs = last.atMs + (this.#measured.length < KEPT ? measureSoonMs : measureDailyMs).value;
    const waitMs = dueMs - this.#components.clock.nowMs();
    // Never longer than a day, whatever the clock was when the last one was kept.
    return Math.max(measureRetryMs.value, Math.min(waitMs, measureDailyMs.value));
  }

  /** One that was not asked lately, while there is one. */
  #choose(): KnownPeer | undefined {
    const all = this.#components
      .peers()
      .filter(({ advertisement }) => advertisement.peer !== this.#self && firstHopWays(advertisement).length > 0);
    const fresh = all.filter(({ advertisement: { peer } }) => !this.#asked.includes(peer));
    const from = fresh.length > 0 ? fresh : all;
    return from[Math.floor(this.#components.random.float() * from.length)];
  }

  async #measureWith(peer: KnownPeer): Promise<void> {
    const { clock, logger, measure, onChange } = this.#components;
    this.#asked.push(peer.advertisement.peer);
    if (this.#asked.length > SELF_LIMITS.measurePeersKept.value) this.#asked.shift();
    try {
      const { upMbps, downMbps } = await measure(peer, this.#stopping.signal);
      this.#failures = 0;
      this.#measured = [...this.#measured, { upMbps, downMbps, atMs: clock.nowMs() }].slice(-KEPT);
      this.#save();
      onChange();
    } catch (error) {
      this.#failures += 1;
      logger.debug("the bandwidth could not be measured", { reason: toBywayError(error).message });
    }
  }

  #load(): readonly MeasuredBandwidth[] {
    try {
      const loaded: unknown = this.#components.state?.load();
      return Array.isArray(loaded) ? loaded.filter(isMeasured).slice(-KEPT) : [];
    } catch (error) {
      this.#components.logger.warn("the kept bandwidth cannot be read, and will be measured again", {
        reason: toBywayError(error).message,
      });
      return [];
    }
  }

  #save(): void {
    try {
      this.#components.state?.save(this.#measured);
    } catch (error) {
      this.#components.logger.warn("the measured bandwidth cannot be kept", { reason: toBywayError(error).message });
    }
  }
}

function isMeasured(value: unknown): value is MeasuredBandwidth {
  const { upMbps, downMbps, atMs } = (value ?? {}) as Partial<Record<keyof MeasuredBandwidth, unknown>>;
  const isRate = (rate: unknown): boolean => Number.isInteger(rate) && Number(rate) >= 1 && Number(rate) <= 10_000_000;
  return isRate(upMbps) && isRate(downMbps) && typeof atMs === "number" && Number.isFinite(atMs);
}

/** The lower one of the two in the middle. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 1;
}
