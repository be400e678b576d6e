import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { type PeerId, peerIdFromPublicKey } from "../identity/peer-id.ts";
import type { GossipVerdict } from "../overlay/overlay.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { LruMap } from "../rate/lru-map.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { GossipBudget } from "./gossip-budget.ts";
import { NO_COUNTRY } from "./index-key.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** What a gossip listener is made of. */
export interface GossipListenerComponents {
  readonly clock: Clock;
  /** Takes a verified advertisement in. Throws ERR_ADVERTISEMENT_*, and counts what it refuses. */
  readonly add: (envelope: Uint8Array, from: PeerId) => Advertisement;
  /** The network that a node stands in; undefined where all share one. */
  readonly networkOf: (advertisement: Advertisement) => string | undefined;
  /** Counts a message that was dropped. */
  readonly reject: (reason: "malformed" | "flood" | "topic" | "old") => void;
}

/** The topic that a message came on. */
export interface GossipTopic {
  readonly country: string;
  /** What is passed on of it at the most. */
  readonly budget: GossipBudget;
}

/**
 * Refusals that show the one who forwards at fault, since any honest peer would have refused as well. The others depend on
 * what this peer has heard, on its clock and on its store: whoever dates an advertisement to the edge of what is allowed
 * would else turn peers against one another whose clocks differ by a second.
 */
const BLAMED: ReadonlySet<string> = new Set([
  "ERR_ADVERTISEMENT_MALFORMED",
  "ERR_ADVERTISEMENT_SIGNATURE",
  "ERR_ADVERTISEMENT_PRIVATE",
]);

/**
 * Decides about each gossiped advertisement before it is passed on.
 *
 * What costs nothing is looked at first: the size, then how much this origin and this neighbour have sent, and only then
 * the signature. One message a minute is enough for an honest origin.
 */
export class GossipListener {
  readonly #components: GossipListenerComponents;
  readonly #origins: TokenBuckets;
  readonly #neighbours: TokenBuckets;
  /** The number of each origin's newest advertisement that was passed on, the longest silent first. */
  readonly #passed = new LruMap<PeerId, number>({ most: DISCOVERY_LIMITS.gossipOrigins.value });

  constructor(components: GossipListenerComponents) {
    this.#components = components;
    const { gossipOrigins, gossipPeriodMs, gossipNeighbours, gossipPerNeighbour, gossipBurst } = DISCOVERY_LIMITS;
    this.#origins = new TokenBuckets(components, {
      most: gossipOrigins.value,
      burst: 2,
      perSecond: 1_000 / gossipPeriodMs.value,
    });
    this.#neighbours = new TokenBuckets(components, {
      most: gossipNeighbours.value,
      burst: gossipBurst.value,
      perSecond: gossipPerNeighbour.value,
    });
  }

  /** The verdict on `message`, which came from the neighbour `from` on the topic of a country, within its budget. */
  check(message: Uint8Array, from: PeerId, { country, budget }: GossipTopic): GossipVerdict {
    const { reject, add, networkOf } = this.#components;
    if (!this.#neighbours.take(from)) {
      reject("flood");
      return "ignore";
    }
    const origin = originOf(message);
    if (origin === undefined) {
      reject("malformed");
      return "reject";
    }
    if (!this.#origins.has(origin)) {
      reject("flood");
      return "ignore";
    }
    try {
      const advertisement = add(message, from);
      if (!this.#isNews(origin, advertisement)) {
        reject("old");
        return "ignore";
      }
      // Only now: a forged message must not use up what the peer that it names may send.
      this.#origins.take(origin);
      if ((advertisement.country ?? NO_COUNTRY) !== country) {
        reject("topic");
        return "reject";
      }
      if (budget.take(networkOf(advertisement))) {
        this.#pass(origin, advertisement.seq);
        return "accept";
      }
      reject("flood");
      return "ignore";
    } catch (error) {
      return error instanceof BywayError && BLAMED.has(error.code) ? "reject" : "ignore";
    }
  }

  /**
   * Whether it was signed lately and is none that was passed on before. Valid ones of others cost nothing: whoever sends
   * those of two hours again would use up what a topic may carry, and what their origins may send.
   */
  #isNews(origin: PeerId, { issuedAtSec, seq }: Advertisement): boolean {
    const ageMs = this.#components.clock.nowMs() - issuedAtSec * 1_000;
    const { renewMs, clockSkewSeconds } = PEERS_LIMITS;
    return ageMs <= renewMs.value + clockSkewSeconds.value * 1_000 && seq > (this.#passed.get(origin) ?? -1);
  }

  #pass(origin: PeerId, seq: number): void {
    this.#passed.set(origin, seq);
  }
}

function originOf(message: Uint8Array): PeerId | undefined {
  if (message.length > PEERS_LIMITS.envelopeBytes.value) return undefined;
  try {
    return peerIdFromPublicKey(decodeEnvelope(message).publicKey);
  } catch {
    return undefined;
  }
}
