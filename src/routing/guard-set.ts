import type { Clock } from "../core/clock.ts";
import type { JsonValue } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { DAY_MS } from "../core/units.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import type { ObservationView } from "../trust/observation.ts";
import { type Guard, guardToJson, jsonToGuard } from "./guard.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/** Where guards come from. */
export interface GuardSource {
  /** A node fit to be a guard: none of `except`, not related to any of `taken`. Undefined where there is none. */
  draw(except: ReadonlySet<string>, taken: readonly string[]): string | undefined;
  /** Whether the node is known now and fit to be a guard. */
  isListed(peerId: string): boolean;
}

const KIND = "guards";
const KEY = "sample";
/** A guard is kept for its time and up to a sixth of that more or less, so that not all go at once. */
const KEEP_SPREAD = 1 / 6;

/**
 * The first hops that a client keeps to for weeks, over restarts. Whoever owns a first hop sees who the client is, so the
 * fewer it ever uses, the less likely one of them is a spy's. After Tor's guard specification (spec.torproject.org/guard-spec),
 * smaller:
 *
 *     drawn ─► sampled ─ first success ─► confirmed ─ 50 to 70 days ─► gone
 *                 │                           │
 *                 ├─ fails ─► pause that doubles ─► tried again, in its old place
 *                 └─ not listed ─► kept out; 14 days ─► gone
 *
 * Their order is that of confirming, then that of drawing. The first three that are listed and not in a pause are the
 * primary ones. The first two are used by turns of chance, so that an exit that is related to one of them does not lead to
 * a third.
 *
 * Who blocks guards must not make the client walk through the network until it finds theirs. So the sample is bounded, no
 * more than a few are drawn in a day, a short absence draws none, and where all fail, those that fail are tried again.
 */
export class GuardSet {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #records: RecordKeeper;
  /** Confirmed ones first. */
  #guards: Guard[] = [];
  /** When guards were drawn in the last day. */
  #drawnMs: number[] = [];
  #successMs: number | undefined;

  /** Reads what was kept. */
  constructor(components: { clock: Clock; random: Random; records: RecordKeeper }) {
    this.#clock = components.clock;
    this.#random = components.random;
    this.#records = components.records;
    for (const [key, json] of this.#records.load(KIND)) if (key === KEY) this.#read(json);
  }

  /**
   * The guards to use, the one to prefer first; at most three. Draws new ones where it must and may. Empty where nobody is
   * fit to be one; those that fail, the one to be tried next first, where there is nobody else.
   */
  guards(source: GuardSource): readonly string[] {
    const atMs = this.#clock.monotonicMs();
    const before = this.#guards.length;
    this.#look(source, atMs);
    const usable = this.#guards.filter((guard) => guard.unlistedMs === undefined && guard.retryMs <= atMs);
    const awaited = this.#guards.filter((guard) => isAwayBriefly(guard, atMs));
    let drew = false;
    while (usable.length === 0 || usable.length + awaited.length < ROUTING_LIMITS.primaryGuards.value) {
      const guard = this.#draw(source, [...usable, ...awaited]);
      if (guard === undefined) break;
      usable.push(guard);
      drew = true;
    }
    if (drew || this.#guards.length !== before) this.#write();
    if (usable.length > 0) return this.#primary(usable);
    const failing = this.#guards.filter((guard) => guard.unlistedMs === undefined);
    failing.sort((a, b) => a.retryMs - b.retryMs);
    return failing.slice(0, ROUTING_LIMITS.primaryGuards.value).map(({ peerId }) => peerId);
  }

  /** Learns from what was observed. Only a first hop that this client dialled itself can fail as a guard. */
  readonly learn: ObservationView = ({ peerId, role, isFirst, what }) => {
    if (what === "answered" && role === "guard") this.noteSuccess(peerId);
    else if (what === "failed" && isFirst) this.noteFailure(peerId);
  };

  /** Notes that a first hop carried a link. One that is no guard is passed over. */
  noteSuccess(peerId: string): void {
    const guard = this.#find(peerId);
    if (guard === undefined) return;
    const atMs = this.#clock.monotonicMs();
    const isBack = this.#successMs === undefined || atMs - this.#successMs >= ROUTING_LIMITS.guardOutageMs.value;
    this.#successMs = atMs;
    for (const other of isBack ? this.#guards : [guard]) {
      Object.assign(other, { failures: 0, failingMs: undefined, retryMs: 0 });
    }
    if (guard.confirmedMs !== undefined) return;
    guard.confirmedMs = this.#clock.nowMs();
    const others = this.#guards.filter((other) => other !== guard);
    const confirmed = others.filter((other) => other.confirmedMs !== undefined);
    this.#guards = [...confirmed, guard, ...others.filter((other) => other.confirmedMs === undefined)];
    this.#write();
  }

  /** Notes that a first hop did not carry a link, or stopped to. */
  noteFailure(peerId: string): void {
    const guard = this.#find(peerId);
    const atMs = this.#clock.monotonicMs();
    // Many links fail at once when a guard goes; that is one failure.
    if (guard === undefined || guard.retryMs > atMs) return;
    const { guardPauseMs, guardPauseMaxMs } = ROUTING_LIMITS;
    guard.retryMs = atMs + Math.min(guardPauseMs.value * 2 ** guard.failures, guardPauseMaxMs.value);
    guard.failures += 1;
    guard.failingMs ??= atMs;
  }

  #find(peerId: string): Guard | undefined {
    return this.#guards.find((guard) => guard.peerId === peerId);
  }

  /** Brings what is known of the guards up to date, and drops those whose time is over. */
  #look(source: GuardSource, atMs: number): void {
    const nowMs = this.#clock.nowMs();
    for (const guard of this.#guards) {
      guard.unlistedMs = source.isListed(guard.peerId) ? undefined : (guard.unlistedMs ?? atMs);
    }
    this.#guards = this.#guards.filter(({ addedMs, confirmedMs, keepMs, unlistedMs }) => {
      const isGone = unlistedMs !== undefined && atMs - unlistedMs >= ROUTING_LIMITS.guardUnlistedMs.value;
      return !isGone && nowMs - (confirmedMs ?? addedMs) < keepMs;
    });
  }

  #draw(source: GuardSource, taken: readonly Guard[]): Guard | undefined {
    const nowMs = this.#clock.nowMs();
    // A time that has not come yet was written before the clock was set back.
    this.#drawnMs = this.#drawnMs.filter((drawnMs) => drawnMs <= nowMs && nowMs - drawnMs < DAY_MS);
    if (this.#drawnMs.length >= ROUTING_LIMITS.guardDrawsADay.value) return undefined;
    const isFull = this.#guards.length >= ROUTING_LIMITS.sampledGuards.value;
    // One that is gone makes room. One that merely fails does not: that is how the sample would be walked out of.
    const leaving = isFull ? longestUnlisted(this.#guards) : undefined;
    if (isFull && leaving === undefined) return undefined;
    const except = new Set(this.#guards.map((guard) => guard.peerId));
    const peerId = source.draw(
      except,
      taken.map((guard) => guard.peerId),
    );
    if (peerId === undefined || except.has(peerId)) return undefined;
    const keepMs = Math.round(this.#spread(ROUTING_LIMITS.guardKeepMs.value));
    const guard: Guard = { peerId, addedMs: nowMs, keepMs, failures: 0, retryMs: 0 };
    this.#guards = [...this.#guards.filter((other) => other !== leaving), guard];
    this.#drawnMs.push(nowMs);
    return guard;
  }

  #spread(value: number): number {
    return value * (1 + KEEP_SPREAD * (2 * this.#random.float() - 1));
  }

  #primary(usable: readonly Guard[]): readonly string[] {
    const [first, second, ...rest] = usable.slice(0, ROUTING_LIMITS.primaryGuards.value).map(({ peerId }) => peerId);
    if (first === undefined) return [];
    if (second === undefined) return [first];
    return this.#random.float() < 0.5 ? [first, second, ...rest] : [second, first, ...rest];
  }

  #read(json: JsonValue): void {
    const { drawn, guards } = (typeof json === "object" && json !== null ? json : {}) as {
      readonly drawn?: JsonValue;
      readonly guards?: JsonValue;
    };
    const nowMs = this.#clock.nowMs();
    if (Array.isArray(drawn)) this.#drawnMs = drawn.filter((ms): ms is number => typeof ms === "number");
    const longestKeepMs = ROUTING_LIMITS.guardKeepMs.value * (1 + KEEP_SPREAD);
    for (const held of Array.isArray(guards) ? (guards as readonly JsonValue[]) : []) {
      const guard = jsonToGuard(held, nowMs, longestKeepMs);
      const isNew = guard !== undefined && this.#find(guard.peerId) === undefined;
      if (isNew && this.#guards.length < ROUTING_LIMITS.sampledGuards.value) this.#guards.push(guard);
    }
  }

  #write(): void {
    this.#records.put(KIND, KEY, { drawn: [...this.#drawnMs], guards: this.#guards.map(guardToJson) });
  }
}

function isAwayBriefly({ unlistedMs, failingMs, retryMs }: Guard, atMs: number): boolean {
  const awayMs = unlistedMs ?? (retryMs > atMs ? failingMs : undefined);
  return awayMs !== undefined && atMs - awayMs < ROUTING_LIMITS.guardAwayMs.value;
}

function longestUnlisted(guards: readonly Guard[]): Guard | undefined {
  let longest: Guard | undefined;
  for (const guard of guards) {
    if (guard.unlistedMs !== undefined && guard.unlistedMs < (longest?.unlistedMs ?? Number.POSITIVE_INFINITY)) {
      longest = guard;
    }
  }
  return longest;
}
