import type { Clock, Timer } from "../core/clock.ts";
import { fitsQuery } from "../peers/fits-query.ts";
import { isTheSame, type KnownPeer } from "../peers/known-peer.ts";
import { LruMap } from "../rate/lru-map.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { type Asked, askPeer } from "./ask-peer.ts";
import { CheckAlarm } from "./check-alarm.ts";
import type { CheckMode, CheckPeer } from "./check-mode.ts";
import { CheckModes } from "./check-modes.ts";
import { CheckPauses, type Vouch, wayTo } from "./check-pauses.ts";
import { FarLooks } from "./far-looks.ts";
import { LIVENESS_LIMITS } from "./limits.ts";
import { NextEvent } from "./next-event.ts";
import { allotUsable, USABLE_BOUNDS } from "./usable-allotment.ts";
import { WantedKind } from "./wanted-kind.ts";

/** What a health checker is made of. */
export interface HealthCheckerComponents<Peer extends KnownPeer = KnownPeer> {
  readonly clock: Clock;
  readonly check: CheckPeer;
  /** The newest valid advertisement of `peer`. */
  readonly get: (peer: string) => Peer | undefined;
  /** At most `count` peers that fit, chance deciding which, without those that `except` is true for. */
  readonly draw: (query: PeerQuery, count: number, except: (peer: string) => boolean) => readonly KnownPeer[];
  /** What speaks for a peer: such peers are not held up by failures of those for which nothing does. Nothing when absent. */
  readonly vouchOf?: ((peer: string) => Vouch) | undefined;
  /** Whether there are nodes now to check others through. Never when absent. */
  readonly canCheckFar?: (() => boolean) | undefined;
  /** Told how each check went: the round trip, or undefined where there was no answer. */
  readonly onChecked: (peer: string, rttMs: number | undefined) => void;
  /**
   * Told once of each change of what is usable: a peer that has become so, or has another advertisement or round trip since
   * (true), and one that is so no longer (false, as it was told of last). What only time changes, and what others wrote into
   * the book, is told within a second. Never after `stop`.
   */
  readonly onUsable?: ((peer: Peer, usable: boolean) => void) | undefined;
}

/** How a health checker is run. */
export interface HealthCheckerOptions {
  /** All peers may stand at one address: a local network. Default false. */
  readonly isSharedNetwork?: boolean;
  /** Nodes that nobody has asked for are checked by way of others. Default false. */
  readonly isFar?: boolean;
}

interface Reached {
  /** When it last answered. */
  readonly atMs: number;
  /** When it last answered a thorough check, and at which endpoint. */
  readonly provenAtMs: number;
  readonly provenAt: string;
  readonly rttMs: number;
  /** Whether it answered by way of others. */
  readonly isFar: boolean;
}

/** A usable peer as it was told of last. */
interface Reported<Peer> {
  readonly peer: Peer;
  readonly rttMs: number;
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
  readonly #usable = new Map<string, Reported<Peer>>();
  readonly #any: WantedKind;
  readonly #pauses: CheckPauses;
  readonly #modes = new CheckModes();
  readonly #looks: FarLooks;
  /** When any peer last answered. Where none has for a while it is this peer that has no connection. */
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  readonly #checking = new Map<string, KnownPeer>();
  /** Checks that took long to connect and have no place any more, the oldest first; each with what ends it. */
  readonly #slow = new Map<string, () => void>();
  readonly #wanted = new LruMap<string, WantedKind>({ most: LIVENESS_LIMITS.queries.value });
  /** A check has ended. */
  readonly #checked = new NextEvent();
  readonly #stopping = new AbortController();
  /** Of each peer being checked, whether it will have answered. */
  readonly #verdicts = new Map<string, Promise<boolean | undefined>>();
  readonly #alarm = new CheckAlarm();
  #timer: Timer | undefined;

  constructor(components: HealthCheckerComponents<Peer>, options: HealthCheckerOptions = {}) {
    const { isSharedNetwork = false, isFar = false } = options;
    this.#components = components;
    this.#any = new WantedKind({}, Number.POSITIVE_INFINITY, isFar);
    this.#pauses = new CheckPauses(components, { isSharedNetwork });
    this.#looks = new FarLooks({
      clock: components.clock,
      ask: (peer) => this.#askFar(peer),
      onLooked: (peer, hasAnswered) => this.#noteLook(peer, hasAnswered),
    });
  }

  /** How many peers are usable now. */
  get size(): number {
    return this.#reached.size;
  }

  start(): void {
    this.#timer ??= this.#components.clock.every(LIVENESS_LIMITS.checkPauseMs.value, () => {
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
    this.#checked.happened();
    await Promise.all([...this.#verdicts.values(), this.#looks.settled()]);
  }

  /**
   * Keeps peers of this sort usable from now on, until nobody has asked for them for a while. Those that become so are
   * checked by way of others if `isFar`: a check from here would tell them who is about to use them.
   */
  expect(query: PeerQuery, isFar = false): void {
    const untilMs = this.#components.clock.monotonicMs() + LIVENESS_LIMITS.queryMs.value;
    const key = JSON.stringify([query, isFar]);
    const wanted = this.#wanted.get(key) ?? new WantedKind(query, untilMs, isFar);
    wanted.untilMs = untilMs;
    this.#wanted.set(key, wanted);
  }

  /** More peers may be known now. */
  fill(): void {
    for (const wanted of [this.#any, ...this.#wanted.values()]) wanted.emptyUntilMs = Number.NEGATIVE_INFINITY;
    this.#fill();
  }

  /** The peers that fit and answered lately. */
  usable(query: PeerQuery): readonly Peer[] {
    this.#lookAtAll();
    return this.#usablePeers().filter((peer) => fitsQuery(peer, query));
  }

  /**
   * Checks a usable peer at once, thoroughly, since it seems to have failed in use. It is not taken out for that alone: the
   * hop before it may lie. Whether it answers, or did a moment ago; undefined when that cannot be told. `isFar` where it
   * failed behind another hop: a check from here, then or at a time that follows from it, would tell whose circuit that was.
   */
  async doubt(peerId: string, isFar: boolean): Promise<boolean | undefined> {
    const peer = this.#components.get(peerId);
    if (peer === undefined || this.#timer === undefined) return undefined;
    if (isFar) this.#modes.settle(peerId, true);
    if (isFar && this.#reached.get(peerId)?.isFar === false) return this.#looks.look(peer);
    if (!this.#checking.has(peerId) && this.#pauses.isSilent(peer)) return false;
    if (!this.#checking.has(peerId) && this.#reached.has(peerId) && this.#places() > 0) this.#check(peer, isFar, true);
    return this.#verdicts.get(peerId);
  }

  /** Settles when a check has ended, however it went; rejects with the abort reason. */
  next(signal: AbortSignal): Promise<void> {
    return this.#checked.next(signal);
  }

  /** Whether any check is running. */
  get isChecking(): boolean {
    return this.#checking.size > 0;
  }

  #fill(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#components.clock.monotonicMs();
    for (const [key, { untilMs }] of this.#wanted) if (untilMs <= nowMs) this.#wanted.delete(key);
    this.#pauses.sweep();
    // First, since new ones may be without number, and hold every place.
    this.#again(nowMs);
    const peers = this.#usablePeers();
    const queries = [...this.#wanted.values()].toReversed();
    const { wanted } = allotUsable(peers, queries, USABLE_BOUNDS);
    for (const [index, query] of queries.entries()) this.#reach(query, wanted[index] ?? 0, peers);
    this.#reach(this.#any, LIVENESS_LIMITS.usablePeers.value, peers);
  }

  /** Checks new peers until `count` that fit are usable. */
  #reach(wanted: WantedKind, count: number, usable: readonly Peer[]): void {
    const coming = [...this.#checking].filter(
      ([id, peer]) => !this.#slow.has(id) && !this.#reached.has(id) && wanted.fits(peer),
    );
    const missing = count - usable.filter(wanted.fits).length - coming.length;
    const places = Math.min(missing, this.#places());
    const nowMs = this.#components.clock.monotonicMs();
    if (places <= 0 || nowMs < wanted.emptyUntilMs) return;
    if (wanted.isFar && this.#components.canCheckFar?.() !== true) return;
    const isNear = !wanted.isFar && this.#components.canCheckFar?.() === true;
    const isOut = (peer: string): boolean =>
      this.#reached.has(peer) ||
      this.#checking.has(peer) ||
      (isNear && this.#modes.isFar(peer)) ||
      !this.#mayCheck(peer);
    const drawn = this.#components.draw(wanted.query, places, isOut);
    // Those of one address may all have been free to be drawn, and are not when some of them are being checked.
    const checked = drawn.filter((peer) => {
      const may = this.#mayCheck(peer.advertisement.peer);
      if (may) this.#check(peer, wanted.isFar);
      return may;
    });
    if (checked.length < places) wanted.emptyUntilMs = this.#redrawAtMs(nowMs);
  }

  #mayCheck(peerId: string): boolean {
    const peer = this.#components.get(peerId);
    return peer !== undefined && this.#pauses.allows(peer, this.#vouchOf(peerId));
  }

  #vouchOf(peerId: string): Vouch {
    return this.#components.vouchOf?.(peerId) ?? { isMet: false, by: [] };
  }

  /** When there may be more to check, if nobody says so before: a pause has ended, or others were written into the book. */
  #redrawAtMs(nowMs: number): number {
    return this.#pauses.soonestMs(nowMs, nowMs + LIVENESS_LIMITS.redrawMs.value);
  }

  /** Lets those go that no kind has a place for, where there are more than may be. */
  #trim(): void {
    const most = USABLE_BOUNDS.ofKinds + USABLE_BOUNDS.others;
    if (this.#reached.size <= most) return;
    const { kept } = allotUsable(this.#usablePeers(), [...this.#wanted.values()].toReversed(), USABLE_BOUNDS);
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
    if (told !== undefined && told.rttMs === rttMs && isTheSame(told.peer, peer)) return;
    this.#usable.set(peerId, { peer, rttMs });
    this.#tell(peer, true);
  }

  #tell(peer: Peer, usable: boolean): void {
    if (!this.#stopping.signal.aborted) this.#components.onUsable?.(peer, usable);
  }

  #isUsable(peer: Peer, { atMs, provenAt, isFar }: Reached): boolean {
    if (!isFar && this.#looks.hasFailed(peer.advertisement.peer)) return false;
    const sinceMs = this.#components.clock.monotonicMs() - this.#alarm.periodMs(isFar) - LIVENESS_LIMITS.checkMs.value;
    return atMs >= sinceMs && wayTo(peer) === provenAt;
  }

  /** Checks those again whose turn has come, the longest unasked first, and those that moved. */
  #again(nowMs: number): void {
    for (const [peerId, { atMs, provenAt, isFar }] of [...this.#reached].sort((a, b) => a[1].atMs - b[1].atMs)) {
      if (this.#places() <= 0) return;
      // Asked some time before it is due, so that it stays usable while it is asked.
      const dueMs = this.#alarm.periodMs(isFar) - LIVENESS_LIMITS.checkPauseMs.value;
      const peer = this.#components.get(peerId);
      if (peer === undefined) continue;
      if (!isFar && this.#looks.isDue(peerId)) void this.#looks.look(peer);
      const isInPlace = this.#usable.has(peerId) || (this.#looks.hasFailed(peerId) && wayTo(peer) === provenAt);
      if (this.#checking.has(peerId) || (nowMs - atMs < dueMs && isInPlace)) continue;
      // One that moved is as new as one that was never asked.
      if (wayTo(peer) === provenAt || this.#mayCheck(peerId)) this.#check(peer, isFar);
      else this.#reached.delete(peerId);
    }
  }

  #places(): number {
    return LIVENESS_LIMITS.checks.value - (this.#checking.size - this.#slow.size);
  }

  #check(peer: KnownPeer, isFar: boolean, isDoubted = false): void {
    const peerId = peer.advertisement.peer;
    this.#checking.set(peerId, peer);
    const before = this.#reached.get(peerId);
    const nowMs = this.#components.clock.monotonicMs();
    const where = wayTo(peer);
    // Who proved itself in one place and moves has proved nothing of the other, where anybody may stand.
    const isHere = !isDoubted && before?.provenAt === where;
    const isProven = isHere && nowMs - before.provenAtMs < LIVENESS_LIMITS.thoroughMs.value;
    const proof = isProven ? before : { provenAtMs: nowMs, provenAt: where, isFar };
    this.#modes.settle(peerId, isFar);
    const end = this.#pauses.begin(peer, this.#vouchOf(peerId));
    const onSlow = (giveUp: () => void): void => this.#yieldPlace(peerId, giveUp);
    const running = this.#ask(peer, { thorough: !isProven || isFar, isFar }, onSlow).then(
      ({ rttMs, isConnected, isAsked }) => {
        this.#checking.delete(peerId);
        this.#slow.delete(peerId);
        this.#verdicts.delete(peerId);
        if (this.#stopping.signal.aborted) return undefined;
        const sinceMs = this.#components.clock.monotonicMs() - this.#answeredAtMs;
        // Whom nobody could be asked through has shown as little as one that is asked while this peer is offline.
        const isAlone = !isAsked || sinceMs > LIVENESS_LIMITS.recheckMs.value;
        end({ hasAnswered: rttMs !== undefined, isConnected, isAlone });
        const periodMs = this.#alarm.periodMs();
        if (before !== undefined && isAsked && !isFar) this.#alarm.note(rttMs !== undefined);
        if (isAsked || !isDoubted) this.#note(peerId, rttMs, proof, isAlone);
        this.#lookAt(peerId);
        // An alarm that this check began or ended makes others usable or not.
        if (this.#alarm.periodMs() !== periodMs) this.#lookAtAll();
        this.#trim();
        this.#checked.happened();
        this.#fill();
        return rttMs === undefined && isAlone ? undefined : rttMs !== undefined;
      },
    );
    this.#verdicts.set(peerId, running);
  }

  async #askFar(peer: KnownPeer): Promise<boolean | undefined> {
    const { rttMs, isAsked } = await this.#ask(peer, { thorough: true, isFar: true }, () => {});
    if (rttMs !== undefined) return true;
    const sinceMs = this.#components.clock.monotonicMs() - this.#answeredAtMs;
    return isAsked && sinceMs <= LIVENESS_LIMITS.recheckMs.value ? false : undefined;
  }

  #noteLook(peer: KnownPeer, hasAnswered: boolean | undefined): void {
    const peerId = peer.advertisement.peer;
    const reached = this.#reached.get(peerId);
    if (this.#stopping.signal.aborted || reached === undefined || hasAnswered === undefined) return;
    this.#components.onChecked(peerId, hasAnswered ? reached.rttMs : undefined);
    this.#lookAt(peerId);
    this.#checked.happened();
    this.#fill();
  }

  #ask(peer: KnownPeer, mode: CheckMode, onSlow: (giveUp: () => void) => void): Promise<Asked> {
    const { clock, check } = this.#components;
    return askPeer({ clock, check, stopping: this.#stopping.signal }, peer, mode, onSlow);
  }

  /** Lets others be checked while one is slow to connect; of too many slow ones the oldest end. */
  #yieldPlace(peer: string, giveUp: () => void): void {
    this.#slow.set(peer, giveUp);
    const surplus = Math.max(0, this.#slow.size - LIVENESS_LIMITS.slowChecks.value);
    for (const end of [...this.#slow.values()].slice(0, surplus)) end();
    this.#fill();
  }

  #note(
    peer: string,
    rttMs: number | undefined,
    { provenAtMs, provenAt, isFar }: Pick<Reached, "provenAtMs" | "provenAt" | "isFar">,
    isAlone: boolean,
  ): void {
    if (rttMs === undefined) {
      this.#reached.delete(peer);
      if (isAlone) return;
    } else {
      const nowMs = this.#components.clock.monotonicMs();
      this.#answeredAtMs = nowMs;
      this.#reached.set(peer, { provenAtMs, provenAt, isFar, atMs: nowMs, rttMs });
    }
    this.#components.onChecked(peer, rttMs);
  }
}
