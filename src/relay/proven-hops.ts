import { abortReason, deadline, pause, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { LinkSession } from "../link/link-session.ts";
import { reachPeer } from "../link/reach-peer.ts";
import { formatWay, type Way } from "../link/way.ts";
import type { PeerDialler } from "../link/way-dialler.ts";
import { LruMap } from "../rate/lru-map.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { ProofBounds, type ProofBoundsOptions, type ProofTicket } from "./proof-bounds.ts";
import type { ProofLog } from "./proof-log.ts";
import { ProofPlaces, type ProofPlacesOptions } from "./proof-places.ts";
import { RecentCount } from "./recent-count.ts";

/** How much getting to know is done; every value has a default in `limits.ts`. */
export interface ProvenHopsOptions extends ProofBoundsOptions, Omit<ProofPlacesOptions, "localNetwork"> {
  readonly maxProven?: number | undefined;
  readonly maxFailed?: number | undefined;
}

/** What getting to know hops needs. */
export interface ProvenHopsComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  /** Connects under the node's address guard alone. */
  readonly dialler: PeerDialler;
  readonly random?: Pick<Random, "bytes">;
  /** Where failed proofs of ways that only strangers name are written; nowhere when absent. */
  readonly log?: ProofLog | undefined;
}

/** Which proof is wanted. */
export interface ProofAsked {
  readonly peerId: string;
  readonly way: Way;
  readonly link: LinkSession;
  /** Whether the peer has proved itself there before. */
  readonly isKnown: boolean;
  /** How long it may take. */
  readonly ms: number;
}

/** What is known of a peer by one way. */
export type HopState = "proven" | "known" | "unknown";

interface Pending {
  readonly done: Promise<void>;
  readonly end: AbortController;
  waiters: number;
}

/**
 * Which ways have proved that they lead to the peer that they are advertised for.
 *
 * Anybody can sign an advertisement with a fresh key and name any server in it. So before the relay carries anything by a way
 * for the first time, it opens a link of its own by that way and checks the key. A server that is not the node of that key
 * fails. Proofs are remembered for an hour, failures for a moment. Concurrent requests share one proof, which is aborted if the
 * last of them leaves. A failed proof of a way that only strangers name always takes its whole time, whatever was found.
 * Otherwise the next way in the advertisement would show when this one failed.
 */
export class ProvenHops {
  readonly #components: ProvenHopsComponents;
  readonly #bounds: ProofBounds;
  readonly #places: ProofPlaces;
  readonly #failures: RecentCount;
  /** When each proof ends; the same of failures. */
  readonly #provenUntilMs: LruMap<string, number>;
  readonly #failedUntilMs: LruMap<string, number>;
  readonly #pending = new Map<string, Pending>();

  constructor(components: ProvenHopsComponents, options: ProvenHopsOptions = {}) {
    this.#components = components;
    this.#bounds = new ProofBounds(components, options);
    this.#places = new ProofPlaces(options);
    this.#failures = new RecentCount(components);
    this.#provenUntilMs = new LruMap({ most: options.maxProven ?? RELAY_LIMITS.provenHops.value });
    this.#failedUntilMs = new LruMap({ most: options.maxFailed ?? RELAY_LIMITS.failedHops.value });
  }

  /** Proofs under way now. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Proofs of what only strangers name that failed within the last hour. */
  get failedLastHour(): number {
    return this.#failures.lastHour;
  }

  /** `proven` for an hour after a proof, then `known` for a day, unless a proof fails: what only strangers name is `unknown`. */
  stateOf(peerId: string, way: Way): HopState {
    const untilMs = this.#provenUntilMs.get(keyOf(peerId, way));
    if (untilMs === undefined) return "unknown";
    const nowMs = this.#components.clock.monotonicMs();
    if (untilMs > nowMs) return "proven";
    return untilMs + RELAY_LIMITS.knownLastsMs.value > nowMs ? "known" : "unknown";
  }

  /**
   * Settles once the peer has proved itself. Throws ERR_STREAM_LIMIT where the link, or this relay, has no proof left, the
   * abort reason, and whatever was found in place of the peer.
   */
  async prove(asked: ProofAsked, signal: AbortSignal): Promise<void> {
    const key = keyOf(asked.peerId, asked.way);
    if (this.#isUntil(this.#provenUntilMs, key)) return;
    if (signal.aborted) throw abortReason(signal);
    if (this.#isUntil(this.#failedUntilMs, key)) throw new BywayError("ERR_HOP_UNREACHABLE", "it failed a moment ago");
    const pending = this.#pending.get(key) ?? this.#begin(key, asked);
    pending.waiters += 1;
    try {
      await withAbort(pending.done, signal);
    } finally {
      pending.waiters -= 1;
      if (pending.waiters === 0) this.#end(key, pending, new BywayError("ERR_ABORTED", "nobody waits for the proof"));
    }
  }

  #begin(key: string, asked: ProofAsked): Pending {
    const { way, link, isKnown } = asked;
    const end = new AbortController();
    const evict = (): void =>
      this.#end(key, pending, new BywayError("ERR_STREAM_LIMIT", TOO_MANY, { data: { by: "pending proofs" } }));
    const release = this.#places.take(link.remote, way.at.host, evict);
    if (release === undefined) throw new BywayError("ERR_STREAM_LIMIT", TOO_MANY, { data: { by: "pending proofs" } });
    let ticket: ProofTicket | undefined;
    try {
      ticket = isKnown ? undefined : this.#bounds.admit(link, way.at);
      if (!isKnown && ticket === undefined) throw new BywayError("ERR_HOP_UNREACHABLE", "too much was named there");
      this.#bounds.pace(link);
    } catch (error) {
      ticket?.succeeded();
      release();
      throw error;
    }
    const done = this.#run(key, asked, end.signal, ticket).finally(() => {
      release();
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    });
    done.catch(() => {});
    const pending: Pending = { done, end, waiters: 0 };
    this.#pending.set(key, pending);
    return pending;
  }

  /** Ends a proof that nobody waits for, or whose place is gone; whoever comes now begins a new one. */
  #end(key: string, pending: Pending, reason: BywayError): void {
    if (this.#pending.get(key) === pending) this.#pending.delete(key);
    pending.end.abort(reason);
  }

  async #run(key: string, asked: ProofAsked, signal: AbortSignal, ticket: ProofTicket | undefined): Promise<void> {
    const { clock, log } = this.#components;
    const beganMs = clock.monotonicMs();
    try {
      await this.#meet(asked, signal);
      ticket?.succeeded();
      const untilMs = clock.monotonicMs() + RELAY_LIMITS.proofLastsMs.value;
      this.#provenUntilMs.set(key, untilMs);
    } catch (error) {
      const result = toBywayError(error);
      if (result.code === "ERR_STREAM_LIMIT" && !signal.aborted) {
        // This node had no socket for it: nothing was dialled.
        ticket?.succeeded();
        throw result;
      }
      const durationMs = Math.round(clock.monotonicMs() - beganMs);
      // What was found must not show in when the next way is tried, nor in when a place or an attempt is free again.
      if (!asked.isKnown) await pause(clock, beganMs + asked.ms - clock.monotonicMs(), signal).catch(() => {});
      ticket?.failed();
      if (!asked.isKnown) {
        this.#failures.count();
        log?.proofFailed({
          link: asked.link,
          endpoint: asked.way.at,
          durationMs,
          result: result.code,
        });
      }
      if (!signal.aborted) {
        this.#provenUntilMs.delete(key);
        const untilMs = clock.monotonicMs() + RELAY_LIMITS.failedProofLastsMs.value;
        this.#failedUntilMs.set(key, untilMs);
      }
      throw result;
    }
  }

  async #meet({ peerId, way, ms }: ProofAsked, signal: AbortSignal): Promise<void> {
    const { clock, budget, dialler } = this.#components;
    using limit = deadline(clock, ms, () => new BywayError("ERR_HOP_TIMEOUT", "the next hop did not answer"), signal);
    // Whether the key exchange is strong enough is for the client to say, whose link it will be.
    const options = { peerId: parsePeerId(peerId), ways: [way], allowClassical: true, signal: limit.signal };
    const link = await reachPeer({ clock, budget, dialler }, options);
    link.destroy();
    await link.closed;
  }

  #isUntil(times: LruMap<string, number>, key: string): boolean {
    return (times.get(key) ?? 0) > this.#components.clock.monotonicMs();
  }
}

const TOO_MANY = "this relay is getting to know too many nodes at once";

function keyOf(peerId: string, way: Way): string {
  return `${peerId}@${formatWay(way)}`;
}
