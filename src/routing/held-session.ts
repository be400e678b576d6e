import { createHash } from "node:crypto";
import type { JsonValue } from "../core/errors.ts";

/** The identity of a session. Never changed: digests of it are kept. */
export interface SessionKey {
  /** Whose session it is: two users never share one. */
  readonly user: string;
  /** Its name, as the user wrote it. */
  readonly session: string;
  /** The listener that it came through. */
  readonly listener: string;
  /** Canonical text of what was asked beside it, without the session's own keys. */
  readonly constraints: string;
}

/** What is held of one session. Plain values, since tens of thousands are kept; changed in place by the table alone. */
export interface HeldSession {
  /** When its present period began, in Unix ms, and which one that is. */
  startedMs: number;
  period: number;
  /** How long it lasts, as was last asked. */
  sessionSec: number;
  /** The exit of this period that requests without `strict` use, and the one of the period before. */
  exit?: string | undefined;
  previous?: string | undefined;
  /** The autonomous system of the last exit. */
  asn?: number | undefined;
  /** The exit that this period began with, where a request without `strict` has moved the session since. */
  first?: string | undefined;
  /** Whether a strict request used it in this period. */
  isPromised?: boolean | undefined;
  /** When a period ended in which one did, while requests without `strict` began the next; in Unix ms. */
  brokenMs?: number | undefined;
}

/** 128 bits: two of a billion sessions fall together with a chance of 10⁻²¹. */
const DIGEST_CHARACTERS = 32;

/** The digests of a key, which a request asks for again and again. */
interface KeyDigests {
  name?: string;
  seed?: { readonly period: number; readonly digest: string };
}

const DIGESTS = new WeakMap<SessionKey, KeyDigests>();

/** The name of a session in the table: a digest, so that neither memory nor file holds what users called it. */
export function sessionName(key: SessionKey): string {
  const known = digestsOf(key);
  known.name ??= digest(["session", key.user, key.session, key.listener, key.constraints]);
  return known.name;
}

/**
 * What chooses a session's exit in one period. It leaves out the listener and the machine: clients behind one load balancer
 * agree on it without telling each other.
 */
export function sessionSeed(key: SessionKey, period: number): string {
  const known = digestsOf(key);
  if (known.seed?.period !== period)
    known.seed = { period, digest: digest(["seed", key.user, key.session, key.constraints, period]) };
  return known.seed.digest;
}

function digestsOf(key: SessionKey): KeyDigests {
  const known = DIGESTS.get(key);
  if (known !== undefined) return known;
  const fresh: KeyDigests = {};
  DIGESTS.set(key, fresh);
  return fresh;
}

/** JSON keeps apart what a mere separator would let a name forge. */
function digest(parts: readonly (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, DIGEST_CHARACTERS);
}

/** The session as it is kept. */
export function sessionToJson(session: HeldSession): JsonValue {
  const { startedMs, period, sessionSec, exit, previous, asn, first, isPromised = false, brokenMs } = session;
  return [
    startedMs,
    period,
    sessionSec,
    exit ?? null,
    previous ?? null,
    asn ?? null,
    first ?? null,
    isPromised,
    brokenMs ?? null,
  ];
}

/** What was kept; undefined where it is none of ours. A time in the future was written by a clock that was wrong. */
export function jsonToSession(json: JsonValue, nowMs: number): HeldSession | undefined {
  if (!Array.isArray(json)) return undefined;
  const [startedMs, period, sessionSec, exit, previous, asn, first, isPromised, brokenMs] = json as readonly unknown[];
  if (typeof startedMs !== "number" || typeof period !== "number" || typeof sessionSec !== "number") return undefined;
  return {
    startedMs: Math.min(startedMs, nowMs),
    period,
    sessionSec,
    ...(typeof exit === "string" ? { exit } : {}),
    ...(typeof previous === "string" ? { previous } : {}),
    ...(typeof asn === "number" ? { asn } : {}),
    ...(typeof first === "string" ? { first } : {}),
    ...(isPromised === true ? { isPromised } : {}),
    ...(typeof brokenMs === "number" ? { brokenMs: Math.min(brokenMs, nowMs) } : {}),
  };
}
