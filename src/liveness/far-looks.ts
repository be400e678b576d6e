import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/** What looking takes. */
export interface FarLooksComponents {
  readonly clock: Clock;
  /** Asks a peer by way of others: whether it answered; undefined where that could not be told. */
  readonly ask: (peer: KnownPeer) => Promise<boolean | undefined>;
  /** Called when a look has ended, with what it found. */
  readonly onLooked: (peer: KnownPeer, hasAnswered: boolean | undefined) => void;
}

interface Failed {
  readonly untilMs: number;
  readonly times: number;
}

/**
 * Looks, by way of others, at peers that failed behind other hops and that are checked from here as well.
 *
 * The checks from here must go on as if nothing had happened: a peer that fails on purpose would learn by the time of the next
 * one, or by its absence, whose circuit that was. So looks have a schedule and results of their own.
 */
export class FarLooks {
  readonly #components: FarLooksComponents;
  readonly #looking = new Map<string, Promise<boolean | undefined>>();
  /** Peers that did not answer behind others; the one that failed longest ago stands first. */
  readonly #failed = new Map<string, Failed>();

  constructor(components: FarLooksComponents) {
    this.#components = components;
  }

  /** Whether the last look at `peer` found it silent. */
  hasFailed(peer: string): boolean {
    return this.#failed.has(peer);
  }

  /** Whether a peer that was found silent should be looked at again. */
  isDue(peer: string): boolean {
    const untilMs = this.#failed.get(peer)?.untilMs;
    return untilMs !== undefined && untilMs <= this.#components.clock.monotonicMs() && !this.#looking.has(peer);
  }

  /** Whether `peer` answers, or did not a moment ago; undefined where that cannot be told. Those who ask at once share a look. */
  async look(peer: KnownPeer): Promise<boolean | undefined> {
    const id = peer.advertisement.peer;
    const running = this.#looking.get(id);
    if (running !== undefined) return running;
    if (this.hasFailed(id) && !this.isDue(id)) return false;
    if (this.#looking.size >= LIVENESS_LIMITS.checks.value) return undefined;
    const look = this.#components.ask(peer).then((hasAnswered) => {
      this.#looking.delete(id);
      this.#note(id, hasAnswered);
      this.#components.onLooked(peer, hasAnswered);
      return hasAnswered;
    });
    this.#looking.set(id, look);
    return look;
  }

  /** Settles when no look is running. */
  async settled(): Promise<void> {
    await Promise.all(this.#looking.values());
  }

  #note(peer: string, hasAnswered: boolean | undefined): void {
    const before = this.#failed.get(peer);
    this.#failed.delete(peer);
    if (hasAnswered === true || (hasAnswered === undefined && before === undefined)) return;
    const { failedPeers, failedPauseMaxMs } = PEERS_LIMITS;
    const { failedPauseMs, alonePauseMs } = LIVENESS_LIMITS;
    const times = (before?.times ?? 0) + (hasAnswered === false ? 1 : 0);
    const pauseMs = hasAnswered === false ? failedPauseMs.value * 2 ** (times - 1) : alonePauseMs.value;
    const untilMs = this.#components.clock.monotonicMs() + Math.min(failedPauseMaxMs.value, pauseMs);
    this.#failed.set(peer, { untilMs, times });
    forgetOldest(this.#failed, failedPeers.value);
  }
}
