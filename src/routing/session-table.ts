import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { RecordKeeper } from "../storage/record-keeper.ts";
import {
  type HeldSession,
  jsonToSession,
  type SessionKey,
  sessionName,
  sessionSeed,
  sessionToJson,
} from "./held-session.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/** What a session is held to, as the request at hand asks. */
export interface SessionRules {
  /** How long it keeps its exit, in seconds. */
  readonly sessionSec: number;
  /** Whether an error takes the place of a change. */
  readonly strict: boolean;
}

/** A session as a plan needs it. */
export interface Session {
  /** The exit that it keeps; absent until one was held in this period. For a strict request the one that it began with. */
  readonly exit?: string;
  /** Where requests without `strict` leave now, when a strict one keeps another exit. */
  readonly movedTo?: string;
  /** The autonomous system of its last exit, of this period or the one before. */
  readonly asn?: number;
  /** What chooses its exit: the same at all clients that see the session in one period. 32 hexadecimal digits. */
  readonly seed: string;
  /** The exit of the period before, which is to be avoided. */
  readonly previous?: string;
}

/** Why a session's exit changed. */
export interface SessionChange {
  /** The exit before. */
  readonly from: string;
  readonly reason: "failed" | "expired" | "unfit";
}

const KIND = "session";

/**
 * The sessions of this client's users and their exits, kept over restarts.
 *
 *     first use ─► new period ── hold ─► keeps its exit for sessionSec ─► ended
 *                     ▲ previous = exit                                     │
 *                     └───────────── found again, not strict ◄──────────────┤
 *                                       found again, strict ─► error ◄──────┘   until a day after its end
 *
 * A strict request keeps the exit that the period began with, also after others have moved the session. If strict requests
 * used a period that ended, they get the error also after others have begun the next one.
 *
 * A period's number is that of the whole sessionSec since 1970 in which it began here. Held are digests of names, at most
 * 65,536; the one used longest ago goes. A user who makes very many names can push out those of others, which then
 * begin anew.
 */
export class SessionTable {
  readonly #clock: Clock;
  readonly #settled: Pick<Clock, "nowMs">;
  readonly #records: RecordKeeper;
  /** By digest; the one used longest ago stands first. */
  readonly #sessions = new Map<string, HeldSession>();

  /** Reads what was kept. `settled` decides what is forgotten for good: it does not follow a leap of the clock at once. */
  constructor(components: { clock: Clock; settled?: Pick<Clock, "nowMs">; records: RecordKeeper }) {
    this.#clock = components.clock;
    this.#settled = components.settled ?? components.clock;
    this.#records = components.records;
    const nowMs = this.#clock.nowMs();
    const held: (readonly [string, HeldSession])[] = [];
    const lost: string[] = [];
    for (const [name, json] of this.#records.load(KIND)) {
      const session = jsonToSession(json, nowMs);
      if (session === undefined || this.#isForgotten(session, nowMs)) lost.push(name);
      else held.push([name, session]);
    }
    held.sort(([, a], [, b]) => a.startedMs - b.startedMs);
    for (const [name, session] of held) this.#sessions.set(name, session);
    for (const name of lost) this.#records.remove(KIND, name);
    this.#makeRoom();
  }

  /** How many sessions are held, ended ones too. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * The session as it stands, begun where there is none. One that has ended begins its next period, or, with `strict`,
   * throws ERR_SESSION_ENDED until a day has gone by.
   */
  find(key: SessionKey, rules: SessionRules): Session {
    const name = sessionName(key);
    const session = this.#present(name, rules);
    if (rules.strict && session.isPromised !== true) {
      session.isPromised = true;
      if (session.exit !== undefined) this.#records.put(KIND, name, sessionToJson(session));
    }
    this.#use(name, session);
    return toSession(key, session, rules);
  }

  /** What `find` would tell now; changes nothing, so that whoever only looks begins no session. Throws as `find` does. */
  peek(key: SessionKey, rules: SessionRules): Session {
    return toSession(key, this.#present(sessionName(key), rules), rules);
  }

  /**
   * Notes the exit that a stream of the session was opened at. The first one of a period is kept; another one takes its
   * place only where a `reason` says that the kept one failed or does not fit, so that a stream that was long in opening
   * brings no former exit back. `found` is the session as the stream found it: where another period has begun since, nothing
   * is held, and a reason counts only against the exit that was found. Returns what changed, once for each change.
   */
  hold(
    key: SessionKey,
    exit: { readonly peerId: string; readonly asn?: number | undefined },
    reason?: "failed" | "unfit",
    found?: Session,
  ): SessionChange | undefined {
    const name = sessionName(key);
    const session = this.#sessions.get(name);
    // Pushed out while the stream was opening.
    if (session === undefined) return undefined;
    if (found !== undefined && found.seed !== sessionSeed(key, session.period)) return undefined;
    const isLeft = reason !== undefined && (found === undefined || found.exit === session.exit);
    if (session.exit === exit.peerId || (session.exit !== undefined && !isLeft)) return undefined;
    const from = session.exit ?? session.previous;
    const isExpired = session.exit === undefined;
    session.first ??= session.exit;
    session.exit = exit.peerId;
    session.asn = exit.asn;
    this.#records.put(KIND, name, sessionToJson(session));
    if (from === undefined || from === exit.peerId) return undefined;
    return { from, reason: isExpired ? "expired" : (reason ?? "failed") };
  }

  /** The exit that the period of `found` began with; undefined where none is known, or another period has begun since. */
  beganWith(key: SessionKey, found: Session): string | undefined {
    const session = this.#sessions.get(sessionName(key));
    const isSame = session !== undefined && found.seed === sessionSeed(key, session.period);
    return isSame ? (session.first ?? session.exit) : undefined;
  }

  /** The session as it stands under the rules of the request at hand. */
  #present(name: string, rules: SessionRules): HeldSession {
    const nowMs = this.#clock.nowMs();
    const held = this.#sessions.get(name);
    // What a later request asks counts: a longer time keeps a session that would have ended.
    const { sessionSec } = rules;
    if (held === undefined || this.#isForgotten(held, nowMs)) return { ...periodAt(nowMs, rules), sessionSec };
    // The clock was set back: no session lasts the longer for it.
    const session = { ...held, sessionSec, startedMs: Math.min(held.startedMs, nowMs) };
    const { brokenMs } = session;
    const isBroken = brokenMs !== undefined && nowMs < brokenMs + ROUTING_LIMITS.sessionForgetMs.value;
    if (rules.strict && isBroken) throw endedError(brokenMs, "; a request without strict has begun it anew since");
    if (!hasEnded(session, nowMs)) return session;
    // One that never had an exit has nothing to be true to.
    if (rules.strict && session.exit !== undefined) throw endedError(endMs(session));
    const wasUsed = session.isPromised === true && session.exit !== undefined;
    return {
      ...session,
      ...periodAt(nowMs, rules),
      previous: session.exit ?? session.previous,
      exit: undefined,
      first: undefined,
      isPromised: undefined,
      brokenMs: wasUsed ? endMs(session) : brokenMs,
    };
  }

  /** When the present period of a session ends, in Unix ms; undefined where none is known. */
  endsAtMs(key: SessionKey): number | undefined {
    const session = this.#sessions.get(sessionName(key));
    return session === undefined ? undefined : endMs(session);
  }

  #isForgotten(session: HeldSession, nowMs: number): boolean {
    return isForgotten(session, Math.min(nowMs, this.#settled.nowMs()));
  }

  #use(name: string, session: HeldSession): void {
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
    // Asked first: to begin at the front of a Map means to pass over all that was deleted from there.
    if (this.#sessions.size > ROUTING_LIMITS.sessions.value) this.#makeRoom();
  }

  #makeRoom(): void {
    for (const name of this.#sessions.keys()) {
      if (this.#sessions.size <= ROUTING_LIMITS.sessions.value) return;
      this.#sessions.delete(name);
      this.#records.remove(KIND, name);
    }
  }
}

function periodAt(
  nowMs: number,
  { sessionSec }: SessionRules,
): { readonly startedMs: number; readonly period: number } {
  return { startedMs: nowMs, period: Math.floor(nowMs / 1000 / sessionSec) };
}

function endMs({ startedMs, sessionSec }: HeldSession): number {
  return startedMs + sessionSec * 1000;
}

function hasEnded(session: HeldSession, nowMs: number): boolean {
  return nowMs >= endMs(session);
}

function isForgotten(session: HeldSession, nowMs: number): boolean {
  return nowMs >= endMs(session) + ROUTING_LIMITS.sessionForgetMs.value;
}

function toSession(key: SessionKey, session: HeldSession, { strict }: SessionRules): Session {
  const { exit, asn, previous, period, first } = session;
  const kept = strict ? (first ?? exit) : exit;
  return {
    seed: sessionSeed(key, period),
    ...(kept === undefined ? {} : { exit: kept }),
    ...(kept === exit || exit === undefined ? {} : { movedTo: exit }),
    ...(asn === undefined ? {} : { asn }),
    ...(previous === undefined ? {} : { previous }),
  };
}

function endedError(endedMs: number, since = ""): BywayError {
  const endedAt = new Date(endedMs).toISOString();
  return new BywayError("ERR_SESSION_ENDED", `the session ended at ${endedAt} and is strict${since}`, {
    data: { endedAt },
  });
}
