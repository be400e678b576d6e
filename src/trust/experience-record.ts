import type { JsonValue } from "../core/errors.ts";
import { DAY_MS } from "../core/units.ts";
import { TRUST_LIMITS } from "./limits.ts";

/** What a client saw of one node. Plain numbers, since thousands are kept; changed in place by their owner alone. */
export interface ExperienceRecord {
  /** Weight of successes and of failures before the present window, as of `atMs`. */
  good: number;
  bad: number;
  /** When the present window began. */
  atMs: number;
  /** Requests of the present window that succeeded, and that failed. */
  succeeded: number;
  failed: number;
  /** Smoothed time to answer and its deviation, in ms (RFC 6298 §2), and how many measurements they come from. */
  meanMs: number;
  deviationMs: number;
  measured: number;
}

/** Weights of what speaks for a node and against it. */
export interface Evidence {
  readonly good: number;
  readonly bad: number;
}

/** What a day leaves of an observation's weight; half is gone after 69 days. */
const DAILY_DECAY = 0.99;
/** RFC 6298 §2: the shares of a new measurement in the mean and in the deviation. */
const MEAN_SHARE = 1 / 8;
const DEVIATION_SHARE = 1 / 4;
/** The most that unsteady answers take off a score. */
const UNSTEADY_SHARE = 1 / 4;

/** A record of a node of which nothing is known. */
export function newRecord(nowMs: number): ExperienceRecord {
  return { good: 0, bad: 0, atMs: nowMs, succeeded: 0, failed: 0, meanMs: 0, deviationMs: 0, measured: 0 };
}

/**
 * The evidence now: that of before the window, and the window's own, of which each request counts as one (a failure as
 * three) until they are more than two, and then only their ratio counts. Older evidence fades first where all of it is
 * more than the bound. Decay is exact: the weight times 0.99 to the power of the days gone by, whenever it is asked.
 */
export function evidenceOf(record: ExperienceRecord, nowMs: number): Evidence {
  const requests = record.succeeded + record.failed;
  const each = requests === 0 ? 0 : Math.min(1, TRUST_LIMITS.windowWeight.value / requests);
  const newGood = record.succeeded * each;
  const newBad = record.failed * each * TRUST_LIMITS.failureWeight.value;
  const old = record.good + record.bad;
  const room = Math.max(0, TRUST_LIMITS.evidence.value - newGood - newBad);
  const kept = old > room ? room / old : 1;
  // A clock that was set back makes nothing older or younger.
  const decay = DAILY_DECAY ** (Math.max(0, nowMs - record.atMs) / DAY_MS);
  return { good: (record.good * kept + newGood) * decay, bad: (record.bad * kept + newBad) * decay };
}

/** Begins a new window where the present one is over. */
export function turnWindow(record: ExperienceRecord, nowMs: number): void {
  const goneMs = nowMs - record.atMs;
  if (goneMs >= 0 && goneMs < TRUST_LIMITS.windowMs.value) return;
  const { good, bad } = evidenceOf(record, nowMs);
  Object.assign(record, { good, bad, atMs: nowMs, succeeded: 0, failed: 0 });
}

/** Takes in one measured time to answer (RFC 6298 §2.2, 2.3). */
export function measure(record: ExperienceRecord, ms: number): void {
  if (!(ms >= 0)) return;
  const taken = Math.min(ms, TRUST_LIMITS.longestMs.value);
  if (record.measured === 0) {
    record.meanMs = taken;
    record.deviationMs = taken / 2;
  } else {
    record.deviationMs += DEVIATION_SHARE * (Math.abs(record.meanMs - taken) - record.deviationMs);
    record.meanMs += MEAN_SHARE * (taken - record.meanMs);
  }
  record.measured += 1;
}

/** The share that unsteady answers leave of a score, 3/4 to 1. */
export function steadiness(record: ExperienceRecord): number {
  if (record.measured < TRUST_LIMITS.steadyAfter.value) return 1;
  const variation = record.deviationMs / Math.max(record.meanMs, TRUST_LIMITS.steadyMs.value);
  return 1 - UNSTEADY_SHARE * Math.min(1, variation);
}

/** The record as it is kept. */
export function recordToJson(record: ExperienceRecord): JsonValue {
  const { good, bad, atMs, succeeded, failed, meanMs, deviationMs, measured } = record;
  return [good, bad, atMs, succeeded, failed, meanMs, deviationMs, measured];
}

/** What was kept; undefined where it is none of ours. What lies in the future was written by a clock that was wrong. */
export function jsonToRecord(json: JsonValue, nowMs: number): ExperienceRecord | undefined {
  if (!Array.isArray(json) || !json.every((value) => typeof value === "number" && value >= 0)) return undefined;
  const [good, bad, atMs, succeeded, failed, meanMs, deviationMs, measured] = json as readonly number[];
  if (good === undefined || bad === undefined || atMs === undefined || succeeded === undefined) return undefined;
  if (failed === undefined || meanMs === undefined || deviationMs === undefined || measured === undefined) {
    return undefined;
  }
  return { good, bad, atMs: Math.min(atMs, nowMs), succeeded, failed, meanMs, deviationMs, measured };
}
