import { abortReason } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort } from "../core/network-address.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import { fitsWish } from "./fits-wish.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import { allotUsable } from "./usable-allotment.ts";

/**
 * Asks a peer for a sign of life; the round trip in ms. Rejects when it does not answer. A `thorough` check opens a link
 * and so proves who it is; the others need only show that somebody still answers there.
 */
export type CheckPeer = (peer: KnownPeer, thorough: boolean, signal: AbortSignal) => Promise<number>;

/** What a health checker is made of. */
export interface HealthCheckerComponents<Peer extends KnownPeer = KnownPeer> {
  readonly clock: Clock;
  readonly check: CheckPeer;
  /** The newest valid advertisement of `peer`. */
  readonly get: (peer: string) => Peer | undefined;
  /** At most `count` peers that fit, chance deciding which, without those that `except` is true for. */
  readonly draw: (wish: PeerWish, count: number, except: (peer: string) => boolean) => readonly KnownPeer[];
  /** Told how each check went: the round trip, or undefined where there was no answer. */
  readonly onChecked: (peer: string, rttMs: number | undefined) => void;
  /**
   * Told once of each change of what is usable: a peer that has become so, or has another advertisement or round trip since
   * (true), and one that is so no longer (false, as it was told of last). What only time changes, and what others wrote into
   * the book, is told within a second. Never after `stop`.
   */
  readonly onUsable?: ((peer: Peer, usable: boolean) => void) | undefined;
}

interface Reached {
  /** When it last answered. */
  readonly atMs: number;
  /** When it last answered a thorough check, and at which endpoint. */
  readonly provenAtMs: number;
  readonly provenAt: string;
  readonly rttMs: number;
}

/** A usable peer as it was told of last. */
interface Told<Peer> {
  readonly peer: Peer;
  readonly rttMs: number;
}

/** A kind of peer that was asked for. */
class Wanted {
  readonly wish: PeerWish;
  untilMs: number;
  /** All that are known have been drawn; until then it is not looked again. */
  emptyUntilMs = Number.NEGATIVE_INFINITY;
  /** Names take a while to compare, and each peer is held against each wish many times a second. */
  readonly #fits = new WeakMap<KnownPeer, boolean>();

  constructor(wish: PeerWish, untilMs: number) {
    this.wish = wish;
    this.untilMs = untilMs;
  }

  readonly fits = (peer: KnownPeer): boolean => {
    const known = this.#fits.get(peer);
    if (known !== undefined) return known;
    const fits = fitsWish(peer, this.wish);
    this.#fits.set(peer, fits);
    return fits;
  };
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
export class HealthChecker<Peer extends KnownPeer = KnownPeer> {
  readonly #components: HealthCheckerComponents<Peer>;
  readonly #reached = new Map<string, Reached>();
  /** Those of them that are usable, in the order in which they became so. */
  readonly #usable = new Map<string, Told<Peer>>();
  readonly #any = new Wanted({}, Number.POSITIVE_INFINITY);
  /** When a peer that did not answer may be asked again, and how often it failed. */
  readonly #failed = new Map<string, { readonly untilMs: number; readonly times: number; readonly at: string }>();
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

  constructor(components: HealthCheckerComponents<Peer>) {
    this.#components = components;
  }

  /** How many peers are usable now. */
  get size(): number {
    return this.#reached.size;
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(DIRECTORY_LIMITS.checkPauseMs.value, () => {
      this.#lookAtAll();
      this.#fill();
    });
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
    const wanted = this.#wanted.get(key) ?? new Wanted(wish, untilMs);
    wanted.untilMs = untilMs;
    this.#wanted.delete(key);
    this.#wanted.set(key, wanted);
    const [oldest] = this.#wanted.keys();
    if (this.#wanted.size > DIRECTORY_LIMITS.wishes.value && oldest !== undefined) this.#wanted.delete(oldest);
  }

  /** More peers may be known now. */
  fill(): void {
    for (const wanted of [this.#any, ...this.#wanted.values()]) wanted.emptyUntilMs = Number.NEGATIVE_INFINITY;
    this.#fill();
  }

  /** The peers that fit and answered lately. */
  usable(wish: PeerWish): readonly Peer[] {
    this.#lookAtAll();
    return this.#usablePeers().filter((peer) => fitsWish(peer, wish));
  }

  /**
   * Checks a usable peer at once, thoroughly, since it seems to have failed in use. It is not taken out for that alone: the
   * hop before it may be the one that lies.
   */
  doubt(peerId: string): void {
    const peer = this.#reached.has(peerId) ? this.#components.get(peerId) : undefined;
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
    const peers = this.#usablePeers();
    const wishes = [...this.#wanted.values()].toReversed();
    const { wanted } = allotUsable(peers, wishes, BOUNDS);
    for (const [index, wish] of wishes.entries()) this.#reach(wish, wanted[index] ?? 0, peers);
    this.#reach(this.#any, DIRECTORY_LIMITS.usablePeers.value, peers);
    this.#again(nowMs);
  }

  /** Checks new peers until `count` that fit are usable. */
  #reach(wanted: Wanted, count: number, usable: readonly Peer[]): void {
    const coming = [...this.#checking].filter(([id, peer]) => !this.#reached.has(id) && wanted.fits(peer));
    const missing = count - usable.filter(wanted.fits).length - coming.length;
    const places = Math.min(missing, this.#places());
    const nowMs = this.#components.clock.monotonicMs();
    if (places <= 0 || nowMs < wanted.emptyUntilMs) return;
    const isOut = (peer: string): boolean =>
      this.#reached.has(peer) || this.#checking.has(peer) || this.#pauses(peer, nowMs);
    const drawn = this.#components.draw(wanted.wish, places, isOut);
    if (drawn.length < places) wanted.emptyUntilMs = this.#redrawAtMs(nowMs);
    for (const peer of drawn) this.#check(peer);
  }

  /** Whether a peer did not answer a while ago; what it did at another endpoint says nothing of this one. */
  #pauses(peer: string, nowMs: number): boolean {
    const failed = this.#failed.get(peer);
    if (failed === undefined || failed.untilMs <= nowMs) return false;
    const known = this.#components.get(peer);
    return known === undefined || endpointOf(known) === failed.at;
  }

  /** When there may be more to check, if nobody says so before: a pause has ended, or others were written into the book. */
  #redrawAtMs(nowMs: number): number {
    let atMs = nowMs + DIRECTORY_LIMITS.redrawMs.value;
    for (const { untilMs } of this.#failed.values()) if (untilMs > nowMs && untilMs < atMs) atMs = untilMs;
    return atMs;
  }

  /** Lets those go that no kind has a place for, where there are more than may be. */
  #trim(): void {
    const most = BOUNDS.ofKinds + BOUNDS.others;
    if (this.#reached.size <= most) return;
    const { kept } = allotUsable(this.#usablePeers(), [...this.#wanted.values()].toReversed(), BOUNDS);
    for (const peerId of [...this.#reached.keys()]) {
      if (this.#reached.size <= most) return;
      const told = this.#usable.get(peerId);
      if (told !== undefined && kept.has(told.peer)) continue;
      this.#reached.delete(peerId);
      this.#lookAt(peerId);
    }
  }

  #usablePeers(): readonly Peer[] {
    return [...this.#usable.values()].map(({ peer }) => peer);
  }

  #lookAtAll(): void {
    for (const peerId of [...this.#reached.keys()]) this.#lookAt(peerId);
  }

  /** Finds out whether a peer is usable now, and tells what has changed. One that has expired is dropped. */
  #lookAt(peerId: string): void {
    const reached = this.#reached.get(peerId);
    const peer = reached === undefined ? undefined : this.#components.get(peerId);
    const told = this.#usable.get(peerId);
    if (peer === undefined) this.#reached.delete(peerId);
    if (reached === undefined || peer === undefined || !this.#isUsable(peer, reached)) {
      this.#usable.delete(peerId);
      if (told !== undefined) this.#tell(told.peer, false);
      return;
    }
    const { rttMs } = reached;
    if (told !== undefined && told.rttMs === rttMs && told.peer.advertisement.seq === peer.advertisement.seq) return;
    this.#usable.set(peerId, { peer, rttMs });
    this.#tell(peer, true);
  }

  #tell(peer: Peer, usable: boolean): void {
    if (!this.#stopping.signal.aborted) this.#components.onUsable?.(peer, usable);
  }

  #isUsable(peer: Peer, { atMs, provenAt }: Reached): boolean {
    const sinceMs = this.#components.clock.monotonicMs() - this.#periodMs() - DIRECTORY_LIMITS.checkMs.value;
    return atMs >= sinceMs && endpointOf(peer) === provenAt;
  }

  /** Checks those again whose turn has come, the longest unasked first, and those that moved. */
  #again(nowMs: number): void {
    // Asked some time before it is due, so that it stays usable while it is asked.
    const dueMs = this.#periodMs() - DIRECTORY_LIMITS.checkPauseMs.value;
    for (const [peerId, { atMs }] of [...this.#reached].sort((a, b) => a[1].atMs - b[1].atMs)) {
      if (this.#places() <= 0) return;
      if (this.#checking.has(peerId) || (nowMs - atMs < dueMs && this.#usable.has(peerId))) continue;
      const peer = this.#components.get(peerId);
      if (peer !== undefined) this.#check(peer);
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
    const before = this.#reached.get(peerId);
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
      const periodMs = this.#periodMs();
      if (before !== undefined) this.#remember(rttMs !== undefined);
      this.#note(peerId, rttMs, proof);
      this.#lookAt(peerId);
      // An alarm that this check began or ended makes others usable or not.
      if (this.#periodMs() !== periodMs) this.#lookAtAll();
      this.#trim();
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

  #note(peer: string, rttMs: number | undefined, proof?: Pick<Reached, "provenAtMs" | "provenAt">): void {
    const nowMs = this.#components.clock.monotonicMs();
    if (rttMs !== undefined && proof !== undefined) {
      this.#failed.delete(peer);
      this.#answeredAtMs = nowMs;
      this.#reached.set(peer, { provenAtMs: proof.provenAtMs, provenAt: proof.provenAt, atMs: nowMs, rttMs });
    } else {
      this.#reached.delete(peer);
      const before = this.#failed.get(peer)?.times ?? 0;
      // Says nothing of the peer: held against it, nobody would be left to ask when the connection is back.
      const isAlone = nowMs - this.#answeredAtMs > DIRECTORY_LIMITS.recheckMs.value;
      const times = isAlone ? before : before + 1;
      const pauseMs = Math.min(
        DIRECTORY_LIMITS.failedPauseMaxMs.value,
        isAlone ? DIRECTORY_LIMITS.alonePauseMs.value : DIRECTORY_LIMITS.failedPauseMs.value * 2 ** (times - 1),
      );
      this.#failed.delete(peer);
      this.#failed.set(peer, { untilMs: nowMs + pauseMs, times, at: proof?.provenAt ?? "" });
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

const BOUNDS = {
  perKind: DIRECTORY_LIMITS.usableForWish.value,
  ofKinds: DIRECTORY_LIMITS.usableInAll.value - DIRECTORY_LIMITS.usablePeers.value,
  others: DIRECTORY_LIMITS.usablePeers.value,
};

function endpointOf({ advertisement }: KnownPeer): string {
  const [endpoint] = advertisement.endpoints;
  return endpoint === undefined ? "" : formatHostPort(endpoint);
}
