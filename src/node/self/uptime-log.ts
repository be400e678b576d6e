import type { Clock, Timer } from "../../core/clock.ts";
import { BywayError, type JsonValue } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import { MINUTE_MS } from "../../core/units.ts";
import type { StateKeeper } from "../../peers/stored-time.ts";
import { SELF_LIMITS } from "./limits.ts";

/** Shares of the time, 0 to 1. */
export interface Availability {
  readonly last7Days: number;
  readonly last30Days: number;
}

const DAY_MINUTES = 1_440;
const DAY_BYTES = DAY_MINUTES / 8;
const STATE = "uptime";

/**
 * In which minutes this node was up, kept over restarts: a bit for each minute of each UTC day.
 *
 * A share is minutes up by minutes gone in the last 7 or 30 days, the present one included; for a node that was first
 * started less long ago, by minutes since then. A minute is marked once however often the clock passes it, so a clock that
 * is wrong spoils no more than it was wrong for; but one that was behind can make a young node look older, and its
 * share smaller, than it is.
 */
export class UptimeLog {
  readonly #store: StateKeeper;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Bits by day since 1970. */
  readonly #days = new Map<number, Uint8Array>();
  #firstMinute: number | undefined;
  #last: { readonly minute: number; readonly monotonicMs: number } | undefined;
  #timer: Timer | undefined;
  #failing = false;

  constructor(components: { store: StateKeeper; clock: Clock; logger: Logger }) {
    this.#store = components.store;
    this.#clock = components.clock;
    this.#logger = components.logger;
    this.#read(this.#store.readState(STATE));
  }

  /** Marks this minute, and each one from now on. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.beat();
    this.#timer = this.#clock.every(MINUTE_MS, () => this.beat());
  }

  /** Marks the last minute. Idempotent. */
  stop(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.beat();
  }

  /** Marks the present minute, and those since the last beat if no more time has really gone by. */
  beat(): void {
    const minute = this.#minute();
    const monotonicMs = this.#clock.monotonicMs();
    // A node's computer that starts without a battery believes that it is 1970.
    if (minute * MINUTE_MS < SELF_LIMITS.earliestMs.value) return;
    const last = this.#last;
    // Timers come late, so one may pass over a minute. After sleep, or a jump of the clock, nothing is filled in.
    const together = last !== undefined && monotonicMs - last.monotonicMs < SELF_LIMITS.beatGapMs.value;
    const gone = last === undefined ? 0 : minute - last.minute;
    const from = together && gone > 0 && gone * MINUTE_MS <= SELF_LIMITS.beatGapMs.value ? minute - gone + 1 : minute;
    for (let at = from; at <= minute; at++) this.#mark(at);
    this.#firstMinute = Math.min(this.#firstMinute ?? minute, minute);
    this.#last = { minute, monotonicMs };
    this.#forgetFarthest(minute);
    this.#write();
  }

  /** Undefined before the first beat. */
  availability(): Availability | undefined {
    const first = this.#firstMinute;
    if (first === undefined) return undefined;
    const minute = this.#minute();
    return { last7Days: this.#share(minute, first, 7), last30Days: this.#share(minute, first, 30) };
  }

  #minute(): number {
    return Math.floor(this.#clock.nowMs() / MINUTE_MS);
  }

  #share(minute: number, first: number, days: number): number {
    const from = Math.max(minute - days * DAY_MINUTES + 1, first);
    let up = 0;
    for (let at = from; at <= minute; at++) if (this.#isUp(at)) up += 1;
    // In thousandths: more digits would tell a node from others.
    return up === 0 ? 0 : Math.round((up / (minute - from + 1)) * 1000) / 1000;
  }

  #isUp(minute: number): boolean {
    const day = this.#days.get(Math.floor(minute / DAY_MINUTES));
    const at = minute % DAY_MINUTES;
    return day !== undefined && ((day[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
  }

  #mark(minute: number): void {
    const number = Math.floor(minute / DAY_MINUTES);
    const day = this.#days.get(number) ?? new Uint8Array(DAY_BYTES);
    const at = minute % DAY_MINUTES;
    day[at >> 3] = (day[at >> 3] ?? 0) | (1 << (at & 7));
    this.#days.set(number, day);
  }

  /** Days that a wrong clock wrote go first, since true ones lie near today. */
  #forgetFarthest(minute: number): void {
    const today = Math.floor(minute / DAY_MINUTES);
    while (this.#days.size > SELF_LIMITS.uptimeDays.value) {
      const [farthest] = [...this.#days.keys()].toSorted((a, b) => Math.abs(b - today) - Math.abs(a - today));
      if (farthest === undefined) return;
      this.#days.delete(farthest);
    }
  }

  #read(held: JsonValue | undefined): void {
    const { first, days } = (typeof held === "object" && held !== null ? held : {}) as {
      readonly first?: unknown;
      readonly days?: unknown;
    };
    if (!Number.isSafeInteger(first) || typeof days !== "object" || days === null) return;
    this.#firstMinute = Number(first);
    for (const [number, text] of Object.entries(days)) {
      const bits = typeof text === "string" ? Buffer.from(text, "base64") : undefined;
      if (bits?.length === DAY_BYTES && /^\d{1,6}$/.test(number)) this.#days.set(Number(number), new Uint8Array(bits));
    }
    this.#forgetFarthest(this.#minute());
  }

  #write(): void {
    const days = Object.fromEntries(
      [...this.#days].map(([number, bits]) => [number, Buffer.from(bits).toString("base64")]),
    );
    try {
      this.#store.changeState(STATE, () => ({ first: this.#firstMinute ?? 0, days }));
      this.#failing = false;
    } catch (error) {
      if (!(error instanceof BywayError) || error.code !== "ERR_STORE") throw error;
      if (!this.#failing) this.#logger.warn("the log of uptime cannot be written now", { reason: error.message });
      this.#failing = true;
    }
  }
}
