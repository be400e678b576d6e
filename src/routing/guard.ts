import type { JsonValue } from "../core/errors.ts";

/** One guard of the sample. Changed in place by the GuardSet alone. */
export interface Guard {
  readonly peerId: string;
  /** When it was drawn, in Unix ms. */
  readonly addedMs: number;
  /** How long it stays: from when it was confirmed, or drawn where it never was. */
  readonly keepMs: number;
  /** When it first carried a link, in Unix ms. */
  confirmedMs?: number | undefined;
  /** Since when nobody tells of it, in ms of the monotonic clock, as the times below. */
  unlistedMs?: number | undefined;
  /** Failures in a row, since when, and when it is to be tried again. */
  failures: number;
  failingMs?: number | undefined;
  retryMs: number;
}

/** The guard as it is kept; how it fails is not, since a restart is a reason to try. */
export function guardToJson({ peerId, addedMs, keepMs, confirmedMs }: Guard): JsonValue {
  return [peerId, addedMs, keepMs, confirmedMs ?? null];
}

/** What was kept; undefined where it is none of ours. A time in the future was written by a clock that was wrong. */
export function jsonToGuard(json: JsonValue, nowMs: number, longestKeepMs: number): Guard | undefined {
  if (!Array.isArray(json)) return undefined;
  const [peerId, addedMs, keepMs, confirmedMs] = json as readonly unknown[];
  if (typeof peerId !== "string" || typeof addedMs !== "number" || typeof keepMs !== "number") return undefined;
  return {
    peerId,
    addedMs: Math.min(addedMs, nowMs),
    keepMs: Math.min(keepMs, longestKeepMs),
    ...(typeof confirmedMs === "number" ? { confirmedMs: Math.min(confirmedMs, nowMs) } : {}),
    failures: 0,
    retryMs: 0,
  };
}
