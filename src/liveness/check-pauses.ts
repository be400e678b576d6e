import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import { addressCrowd, addressNetwork } from "../link/address-crowd.ts";
import { formatWay } from "../link/way.ts";
import { firstHopWays } from "../link/way-kinds.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { PEERS_LIMITS } from "../peers/limits.ts";
import { isVouchedBy } from "../peers/nominations.ts";
import { KeyedBackoff } from "../rate/keyed-backoff.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import { countedAddress } from "../wire/advertisement.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/** How a check ended. */
export interface CheckEnd {
  readonly hasAnswered: boolean;
  /** Somebody accepted a connection at the endpoint, whoever that was. */
  readonly isConnected: boolean;
  /** No peer at all has answered lately: then the fault is hardly this peer's. */
  readonly isAlone: boolean;
}

/** What speaks for a peer, beside itself. */
export interface Vouch {
  /** It answered before, where it is. */
  readonly isMet: boolean;
  /** The networks that named it. */
  readonly by: readonly string[];
}

/** A peer that did not answer. */
interface Failed {
  readonly untilMs: number;
  readonly times: number;
  readonly at: string;
  /** When a move last ended its pause. */
  readonly forgivenAtMs: number;
}

/**
 * Says which peers may be checked now. Failures pause the peer, its endpoint, its address (IPv6: /64), its /24 (IPv6: /48), and all
 * checks together: who signs many advertisements that name one place must not have this peer connect there for each.
 *
 * Peers that others vouch for have counts of their own, and so have those that answered before, so that those who name a
 * node's address cannot hide the node. A place is not paused for a peer that three networks vouch for which named nothing that
 * failed there: few networks that name silent keys cannot hide it either.
 */
export class CheckPauses {
  readonly #clock: Clock;
  readonly #isShared: boolean;
  readonly #failed = new Map<string, Failed>();
  readonly #endpoints: KeyedBackoff;
  readonly #addresses: KeyedBackoff;
  readonly #subnets: KeyedBackoff;
  readonly #all: TokenBuckets;

  /** With `isSharedNetwork` all peers may stand at one address, and only peers are paused. */
  constructor(components: { readonly clock: Clock }, { isSharedNetwork }: { readonly isSharedNetwork: boolean }) {
    const { failedPeers, failedPauseMaxMs, tellers } = PEERS_LIMITS;
    const limits = LIVENESS_LIMITS;
    this.#clock = components.clock;
    this.#isShared = isSharedNetwork;
    const backoff = (free: number): KeyedBackoff =>
      new KeyedBackoff(components, {
        most: failedPeers.value,
        free,
        pauseMs: limits.failedPauseMs.value,
        maxPauseMs: failedPauseMaxMs.value,
        mostNames: tellers.value,
      });
    this.#endpoints = backoff(1);
    this.#addresses = backoff(limits.failuresPerAddress.value);
    this.#subnets = backoff(limits.failuresPerSubnet.value);
    this.#all = new TokenBuckets(components, {
      most: KINDS,
      burst: limits.failuresAtOnce.value,
      perSecond: 1_000 / limits.failureRefillMs.value,
    });
  }

  /** How many peers that failed are remembered. */
  get size(): number {
    return this.#failed.size;
  }

  /** Whether `peer` may be checked now where it is. */
  allows(peer: KnownPeer, vouch: Vouch): boolean {
    if (this.#pausesPeer(peer)) return false;
    if (this.#isShared) return true;
    const { endpoint, address, subnet } = keysOf(peer, vouch);
    const allows = (backoff: KeyedBackoff, key: string): boolean =>
      backoff.allows(key) || backoff.blameless(key, vouch.by) >= LIVENESS_LIMITS.othersToVouch.value;
    return (
      this.#all.has(kindOf(vouch)) &&
      allows(this.#endpoints, endpoint) &&
      allows(this.#addresses, address) &&
      allows(this.#subnets, subnet)
    );
  }

  /** Counts a check that begins; call the result once with how it ended. */
  begin(peer: KnownPeer, vouch: Vouch): (end: CheckEnd) => void {
    const { endpoint, address, subnet } = keysOf(peer, vouch);
    const { by } = vouch;
    const ended = [
      this.#endpoints.begin(endpoint, by),
      this.#addresses.begin(address, by),
      this.#subnets.begin(subnet, by),
    ];
    this.#noteMove(peer);
    return ({ hasAnswered, isConnected, isAlone }) => {
      for (const end of ended) end();
      const { peer: peerId } = peer.advertisement;
      if (hasAnswered) {
        this.#settle(peerId);
        return;
      }
      const { aloneAddressPauseMs, alonePauseMs } = LIVENESS_LIMITS;
      this.#fail(peerId, wayTo(peer), isAlone);
      // Another key at an endpoint that is in use says nothing of the one to whom the endpoint belongs.
      if (!isConnected) this.#endpoints.fail(endpoint, isAlone ? alonePauseMs.value : undefined, by);
      this.#addresses.fail(address, isAlone ? aloneAddressPauseMs.value : undefined, by);
      this.#subnets.fail(subnet, isAlone ? aloneAddressPauseMs.value : undefined, by);
      this.#all.take(kindOf(vouch));
    };
  }

  /** Whether `peer` was found silent where it is a moment ago, while others answered. */
  isSilent(peer: KnownPeer): boolean {
    return this.#pausesPeer(peer) && (this.#failed.get(peer.advertisement.peer)?.times ?? 0) > 0;
  }

  /** When the first pause of a peer ends after `nowMs` (monotonic), `latestMs` at the latest. */
  soonestMs(nowMs: number, latestMs: number): number {
    let soonestMs = latestMs;
    for (const { untilMs } of this.#failed.values()) if (untilMs > nowMs && untilMs < soonestMs) soonestMs = untilMs;
    return soonestMs;
  }

  /** Forgets peers that failed long ago. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [peer, failed] of this.#failed) {
      const endsAtMs = failed.untilMs + LIVENESS_LIMITS.queryMs.value * failed.times;
      if (endsAtMs <= nowMs && !this.#isForgiven(failed)) this.#failed.delete(peer);
    }
  }

  #fail(peer: string, at: string, isAlone: boolean): void {
    const { failedPeers, failedPauseMaxMs } = PEERS_LIMITS;
    const { failedPauseMs, alonePauseMs } = LIVENESS_LIMITS;
    const before = this.#failed.get(peer);
    // Says nothing of the peer: held against it, nobody would be left to ask when the connection is back.
    const times = (before?.times ?? 0) + (isAlone ? 0 : 1);
    const pauseMs = isAlone ? alonePauseMs.value : failedPauseMs.value * 2 ** (times - 1);
    const untilMs = this.#clock.monotonicMs() + Math.min(failedPauseMaxMs.value, pauseMs);
    this.#failed.delete(peer);
    this.#failed.set(peer, { untilMs, times, at, forgivenAtMs: before?.forgivenAtMs ?? Number.NEGATIVE_INFINITY });
    forgetOldest(this.#failed, failedPeers.value);
  }

  /** Forgets the failures of a peer that has answered, and not that a move has ended a pause of its lately. */
  #settle(peer: string): void {
    const failed = this.#failed.get(peer);
    if (failed === undefined) return;
    if (this.#isForgiven(failed)) this.#failed.set(peer, { ...failed, untilMs: Number.NEGATIVE_INFINITY, times: 0 });
    else this.#failed.delete(peer);
  }

  #noteMove(peer: KnownPeer): void {
    const { peer: peerId } = peer.advertisement;
    const nowMs = this.#clock.monotonicMs();
    const failed = this.#failed.get(peerId);
    if (failed === undefined || failed.untilMs <= nowMs || wayTo(peer) === failed.at) return;
    this.#failed.set(peerId, { ...failed, forgivenAtMs: nowMs });
  }

  #isForgiven({ forgivenAtMs }: Failed): boolean {
    return this.#clock.monotonicMs() - forgivenAtMs < PEERS_LIMITS.forgivenMs.value;
  }

  /** What a peer did at another endpoint says nothing of this one, but it may not say so often. */
  #pausesPeer(peer: KnownPeer): boolean {
    const nowMs = this.#clock.monotonicMs();
    const failed = this.#failed.get(peer.advertisement.peer);
    if (failed === undefined || failed.untilMs <= nowMs) return false;
    return wayTo(peer) === failed.at || this.#isForgiven(failed);
  }
}

/** The way by which a peer is checked first, as text; empty for one without any. */
export function wayTo({ advertisement }: KnownPeer): string {
  const [way] = firstHopWays(advertisement);
  return way === undefined ? "" : formatWay(way);
}

function keysOf(
  peer: KnownPeer,
  vouch: Vouch,
): { readonly endpoint: string; readonly address: string; readonly subnet: string } {
  const host = countedAddress(peer.advertisement) ?? "";
  const kind = kindOf(vouch);
  return {
    endpoint: `${kind} ${wayTo(peer)}`,
    address: `${kind} ${addressCrowd(host)}`,
    subnet: `${kind} ${addressNetwork(host)}`,
  };
}

/** How many kinds there are. */
const KINDS = 3;

/** Each has counts of its own. */
function kindOf({ isMet, by }: Vouch): "met" | "vouched" | "any" {
  if (isMet) return "met";
  return isVouchedBy(by) ? "vouched" : "any";
}
