import type { Clock } from "../core/clock.ts";
import { LruMap } from "../rate/lru-map.ts";
import { TRUST_LIMITS } from "./limits.ts";
import type { Observation } from "./observation.ts";

/** The mark of a peer that failed. */
interface Mark {
  readonly sinceMs: number;
  /** How long it is passed over from then on. */
  readonly lengthMs: number;
}

/**
 * Peers that failed lately, so that new circuits pass them over where others can be had.
 *
 *     failed ─► mark, 30 s ─► free, remembered ─► as long again without a failure: forgotten
 *                  ▲                │ failed again: twice as long, up to an hour
 *                  └────────────────┘
 *
 * A success ends it all. While a mark stands further failures do not count: many streams fail of one cause.
 * A node that is full or closed rests: it is passed over as well, and that is all. No success ends a rest before its time,
 * and no shorter rest does.
 */
export class RecentFailures {
  readonly #clock: Clock;
  /** Oldest failure first. */
  readonly #marks = new LruMap<string, Mark>({ most: TRUST_LIMITS.failures.value });
  /** Until when, on the monotonic clock; the one noted longest ago first. */
  readonly #resting = new LruMap<string, number>({ most: TRUST_LIMITS.failures.value });

  constructor(components: { readonly clock: Clock }) {
    this.#clock = components.clock;
  }

  /** The peers whose mark stands, and those that rest. */
  get peers(): ReadonlySet<string> {
    const nowMs = this.#clock.monotonicMs();
    const standing = new Set<string>();
    for (const [peer, { sinceMs, lengthMs }] of this.#marks) {
      if (nowMs < sinceMs + lengthMs) standing.add(peer);
      else if (nowMs >= sinceMs + 2 * lengthMs) this.#marks.delete(peer);
    }
    for (const [peer, untilMs] of this.#resting) {
      if (nowMs < untilMs) standing.add(peer);
      else this.#resting.delete(peer);
    }
    return standing;
  }

  /** Peers remembered, those that are free again among them. */
  get size(): number {
    return this.#marks.size;
  }

  /** Learns from what was observed; false for a failure while a mark of that peer stands, which says nothing new. */
  learns(observation: Observation): boolean {
    const { peerId, role, what } = observation;
    if (what === "failed") return this.note(peerId);
    if (what === "full") this.rest(peerId, observation.forMs);
    // That an exit lets itself be linked to says nothing about its streams, and a stream nothing about new links.
    else if (what === "carried" || role === "exit") this.noteSuccess(peerId, observation.beganMs);
    return true;
  }

  /** Notes that `peer` failed; false while its mark stands. */
  note(peer: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const { failureMs, longestFailureMs } = TRUST_LIMITS;
    const last = this.#marks.get(peer);
    const ageMs = last === undefined ? 0 : nowMs - last.sinceMs;
    if (last !== undefined && ageMs < last.lengthMs) return false;
    const again = last !== undefined && ageMs < 2 * last.lengthMs;
    const lengthMs = again ? Math.min(2 * last.lengthMs, longestFailureMs.value) : failureMs.value;
    this.#marks.set(peer, { sinceMs: nowMs, lengthMs });
    return true;
  }

  /** Passes `peer` over for `ms` at least, whatever succeeds over it meanwhile; that it rests is no failure. */
  rest(peer: string, ms: number): void {
    const untilMs = Math.max(this.#resting.get(peer) ?? 0, this.#clock.monotonicMs() + ms);
    this.#resting.set(peer, untilMs);
  }

  /** Notes that something succeeded over `peer` that was begun at `beganMs` (monotonic); older than the failure, it says nothing. */
  noteSuccess(peer: string, beganMs: number): void {
    const mark = this.#marks.get(peer);
    if (mark !== undefined && beganMs >= mark.sinceMs) this.#marks.delete(peer);
  }
}
