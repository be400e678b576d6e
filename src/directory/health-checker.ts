import { abortReason } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort } from "../core/network-address.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import { fitsWish } from "./fits-wish.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";

/**
 * Asks a peer for a sign of life; the round trip in ms. Rejects when it does not answer. A `thorough` check opens a link
 * and so proves who it is; the others need only show that somebody still answers there.
 */
export type CheckPeer = (peer: KnownPeer, thorough: boolean, signal: AbortSignal) => Promise<number>;

/** What a health checker is made of. */
export interface HealthCheckerComponents {
  readonly clock: Clock;
  readonly check: CheckPeer;
  /** The newest valid advertisement of `peer`. */
  readonly get: (peer: string) => KnownPeer | undefined;
  /** At most `count` peers that fit, chance deciding which, without those that `except` is true for. */
  readonly draw: (wish: PeerWish, count: number, except: (peer: string) => boolean) => readonly KnownPeer[];
  /** Told how each check went: the round trip, or undefined where there was no answer. */
  readonly onChecked: (peer: string, rttMs: number | undefined) => void;
}

interface Reached {
  /** When it last answered. */
  readonly atMs: number;
  /** When it last answered a thorough check, and at which endpoint. */
  readonly provenAtMs: number;
  readonly provenAt: string;
}

interface Wanted {
  readonly wish: PeerWish;
  untilMs: number;
}

/**
 * Keeps a set of peers of which each has answered lately, so that nobody waits for one that is gone.
 *
 *   known ──check──► usable ──check again──► usable
 *     ▲                 │ no answer, or expired
 *     └──────pause──────┘
 *
 * Where some of them are found gone, the others are asked more often for a while: then many leave at once.
 * Bounded in checks at a time, in the peers that it keeps, and in how often it asks one of them.
 */
export class HealthChecker {
  readonly #components: HealthCheckerComponents;
  readonly #usable = new Map<string, Reached>();
  /** When a peer that did not answer may be asked again, and how often it failed. */
  readonly #failed = new Map<string, { readonly untilMs: number; readonly times: number }>();
  /** When any peer last answered. Where none has for a while it is this peer that has no connection. */
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  readonly #checking = new Map<string, KnownPeer>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #waiting = new Set<() => void>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** How the last checks of usable peers went, the latest at the end. */
  readonly #lately: boolean[] = [];
  #timer: Timer | undefined;

  constructor(components: HealthCheckerComponents) {
    this.#components = components;
  }

  /** How many peers are usable now. */
  get size(): number {
    return this.#usable.size;
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(DIRECTORY_LIMITS.checkPauseMs.value, () => this.#fill());
    this.#fill();
  }

  /** Settles when no check is running. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#stopping.abort();
    this.#tellWaiting();
    await Promise.all(this.#running);
  }

  /** Keeps peers of this sort usable from now on, until nobody has asked for them for a while. */
  expect(wish: PeerWish): void {
    const untilMs = this.#components.clock.monotonicMs() + DIRECTORY_LIMITS.wishMs.value;
    const key = JSON.stringify(wish);
    this.#wanted.delete(key);
    this.#wanted.set(key, { wish, untilMs });
    const [oldest] = this.#wanted.keys();
    if (this.#wanted.size > DIRECTORY_LIMITS.wishes.value && oldest !== undefined) this.#wanted.delete(oldest);
  }

  /** More peers may be known now. */
  fill(): void {
    this.#fill();
  }

  /** The peers that fit and answered lately. */
  usable(wish: PeerWish): readonly KnownPeer[] {
    const found: KnownPeer[] = [];
    const sinceMs = this.#components.clock.monotonicMs() - this.#periodMs() - DIRECTORY_LIMITS.checkMs.value;
    for (const [peerId, { atMs, provenAt }] of this.#usable) {
      if (atMs < sinceMs) continue;
      const peer = this.#components.get(peerId);
      if (peer !== undefined && endpointOf(peer) === provenAt && fitsWish(peer, wish)) found.push(peer);
    }
    return found;
  }

  /**
   * Checks a usable peer at once, thoroughly, since it seems to have failed in use. It is not taken out for that alone: the
   * hop before it may be the one that lies.
   */
  doubt(peerId: string): void {
    const peer = this.#usable.has(peerId) ? this.#components.get(peerId) : undefined;
    if (peer === undefined || this.#checking.has(peerId) || this.#places() <= 0 || this.#timer === undefined) return;
    this.#check(peer, true);
  }

  /** Settles when a check has ended, however it went; rejects with the abort reason. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const done = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      const onAbort = (): void => {
        this.#waiting.delete(done);
        reject(abortReason(signal));
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(done);
    });
  }

  /** Whether any check is running. */
  get isChecking(): boolean {
    return this.#checking.size > 0;
  }

  #fill(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#components.clock.monotonicMs();
    for (const [key, { untilMs }] of this.#wanted) if (untilMs <= nowMs) this.#wanted.delete(key);
    for (const [peer, { untilMs, times }] of this.#failed) {
      if (untilMs + DIRECTORY_LIMITS.wishMs.value * times <= nowMs) this.#failed.delete(peer);
    }
    const wishes = [...this.#wanted.values()].toReversed();
    for (const { wish } of wishes) this.#reach(wish, DIRECTORY_LIMITS.usableForWish.value);
    this.#reach({}, DIRECTORY_LIMITS.usablePeers.value);
    this.#again(nowMs);
  }

  /** Checks new peers until `count` that fit are usable. */
  #reach(wish: PeerWish, count: number): void {
    const coming = [...this.#checking].filter(([id, peer]) => !this.#usable.has(id) && fitsWish(peer, wish));
    const missing = count - this.usable(wish).length - coming.length;
    const places = Math.min(missing, this.#places());
    if (places <= 0) return;
    const nowMs = this.#components.clock.monotonicMs();
    const isOut = (peer: string): boolean =>
      this.#usable.has(peer) || this.#checking.has(peer) || (this.#failed.get(peer)?.untilMs ?? 0) > nowMs;
    for (const peer of this.#components.draw(wish, places, isOut)) this.#check(peer);
  }

  /** Checks the usable ones again whose turn has come, the longest unasked first, and those that moved; drops those that expired meanwhile. */
  #again(nowMs: number): void {
    // Asked some time before it is due, so that it stays usable while it is asked.
    const periodMs = this.#periodMs();
    for (const [peerId, { atMs, provenAt }] of [...this.#usable].sort((a, b) => a[1].atMs - b[1].atMs)) {
      const peer = this.#components.get(peerId);
      if (peer === undefined) {
        this.#usable.delete(peerId);
        continue;
      }
      const isDue = nowMs - atMs >= periodMs - DIRECTORY_LIMITS.checkPauseMs.value || endpointOf(peer) !== provenAt;
      if (isDue && this.#places() > 0 && !this.#checking.has(peerId)) this.#check(peer);
    }
  }

  #periodMs(): number {
    const { recheckMs, alarmRecheckMs, alarmFailures } = DIRECTORY_LIMITS;
    const failures = this.#lately.filter((answered) => !answered).length;
    return (failures >= alarmFailures.value ? alarmRecheckMs : recheckMs).value;
  }

  #places(): number {
    return DIRECTORY_LIMITS.checks.value - this.#checking.size;
  }

  #check(peer: KnownPeer, isDoubted = false): void {
    const peerId = peer.advertisement.peer;
    this.#checking.set(peerId, peer);
    const before = this.#usable.get(peerId);
    const nowMs = this.#components.clock.monotonicMs();
    const where = endpointOf(peer);
    // Who proved itself in one place and moves has proved nothing of the other, where anybody may stand.
    const isHere = !isDoubted && before?.provenAt === where;
    const isProven = isHere && nowMs - before.provenAtMs < DIRECTORY_LIMITS.thoroughMs.value;
    const proof = isProven ? before : { provenAtMs: nowMs, provenAt: where };
    const running = this.#ask(peer, !isProven).then((rttMs) => {
      this.#checking.delete(peerId);
      this.#running.delete(running);
      if (this.#stopping.signal.aborted) return;
      if (before !== undefined) this.#remember(rttMs !== undefined);
      this.#note(peerId, rttMs, proof);
      this.#tellWaiting();
      this.#fill();
    });
    this.#running.add(running);
  }

  async #ask(peer: KnownPeer, thorough: boolean): Promise<number | undefined> {
    const { clock, check } = this.#components;
    const limit = new AbortController();
    const stop = (): void => limit.abort(new BywayError("ERR_ABORTED", "the checks are stopped"));
    this.#stopping.signal.addEventListener("abort", stop, { once: true });
    using _timer = clock.after(DIRECTORY_LIMITS.checkMs.value, () =>
      limit.abort(new BywayError("ERR_HOP_TIMEOUT", "the node did not answer in time")),
    );
    try {
      return await check(peer, thorough, limit.signal);
    } catch {
      return undefined;
    } finally {
      this.#stopping.signal.removeEventListener("abort", stop);
    }
  }

  #remember(answered: boolean): void {
    this.#lately.push(answered);
    if (this.#lately.length > DIRECTORY_LIMITS.alarmChecks.value) this.#lately.shift();
  }

  #note(peer: string, rttMs: number | undefined, proof?: Omit<Reached, "atMs">): void {
    const nowMs = this.#components.clock.monotonicMs();
    if (rttMs !== undefined && proof !== undefined) {
      this.#failed.delete(peer);
      this.#answeredAtMs = nowMs;
      this.#usable.set(peer, { provenAtMs: proof.provenAtMs, provenAt: proof.provenAt, atMs: nowMs });
    } else {
      this.#usable.delete(peer);
      const before = this.#failed.get(peer)?.times ?? 0;
      // Says nothing of the peer: held against it, nobody would be left to ask when the connection is back.
      const isAlone = nowMs - this.#answeredAtMs > DIRECTORY_LIMITS.recheckMs.value;
      const times = isAlone ? before : before + 1;
      const pauseMs = Math.min(
        DIRECTORY_LIMITS.failedPauseMaxMs.value,
        isAlone ? DIRECTORY_LIMITS.alonePauseMs.value : DIRECTORY_LIMITS.failedPauseMs.value * 2 ** (times - 1),
      );
      this.#failed.delete(peer);
      this.#failed.set(peer, { untilMs: nowMs + pauseMs, times });
      const [oldest] = this.#failed.keys();
      if (this.#failed.size > DIRECTORY_LIMITS.failedPeers.value && oldest !== undefined) this.#failed.delete(oldest);
      if (isAlone) return;
    }
    this.#components.onChecked(peer, rttMs);
  }

  #tellWaiting(): void {
    for (const done of this.#waiting) done();
    this.#waiting.clear();
  }
}

function endpointOf({ advertisement }: KnownPeer): string {
  const [endpoint] = advertisement.endpoints;
  return endpoint === undefined ? "" : formatHostPort(endpoint);
}
