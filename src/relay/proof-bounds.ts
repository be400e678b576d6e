import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Limit } from "../core/limits.ts";
import type { HostPort } from "../core/network-address.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { addressNetwork } from "../link/address-crowd.ts";
import type { LinkSession } from "../link/link-session.ts";
import { KeyedHash } from "../rate/keyed-hash.ts";
import { type HeldState, KeyedStates } from "../rate/keyed-states.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { HostPorts } from "./host-ports.ts";
import { RELAY_LIMITS } from "./limits.ts";

/** How proofs are bounded. Each value has a default. */
export interface ProofBoundsOptions {
  /** How many processes of the node serve links. Each gets its part of the bounds for the whole node. Default 1. */
  readonly processes?: number;
  /** All nodes may be on the same hosts and networks, so the bounds on those that are dialled do not apply. */
  readonly localNetwork?: boolean;
}

/** One attempt that was admitted. */
export interface ProofTicket {
  /** The peer proved itself: the attempt does not count. Only the first call of the two methods has an effect. */
  succeeded(): void;
  /** The peer did not, or nobody waited for it. */
  failed(): void;
}

/**
 * Bounds the proofs of next hops, so that strangers do not decide how many strangers' endpoints this node dials. It bounds how
 * many endpoints may be named in vain by a link, by a network of clients and by all, how many of these in one network, and how
 * many ports of one host.
 *
 * An attempt counts while it is under way and after it failed. If the peer proves itself, it does not count. So any number of
 * honest clients, whose hops are there, use up next to nothing. A second, far wider bound counts all attempts, since each costs
 * this node a handshake.
 */
export class ProofBounds {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #hash: KeyedHash;
  readonly #link = ruleOf("unprovenPerMinuteOfLink", "unprovenBurstOfLink");
  readonly #network = ruleOf("unprovenPerMinuteOfNetwork", "unprovenBurstOfNetwork");
  readonly #nodeRules: SharedRule;
  readonly #node: TokenBucket;
  readonly #target: SharedRule;
  readonly #networkPace = new RateRule({
    perSecond: RELAY_LIMITS.proofsPerSecondOfNetwork.value,
    burst: RELAY_LIMITS.proofBurstOfNetwork.value,
  });
  readonly #pace: TokenBucket;
  readonly #localNetwork: boolean;
  readonly #links = new WeakMap<LinkSession, TokenBucket>();
  readonly #networks: KeyedStates<TokenBucket>;
  readonly #networkPaces: KeyedStates<TokenBucket>;
  readonly #targets: KeyedStates<TokenBucket>;
  readonly #ports: HostPorts;
  readonly #portsForNetwork: HostPorts;

  constructor(
    components: { readonly clock: Pick<Clock, "monotonicMs">; readonly random?: Pick<Random, "bytes"> },
    { processes = 1, localNetwork = false }: ProofBoundsOptions = {},
  ) {
    const { clock, random = systemRandom } = components;
    this.#clock = clock;
    this.#hash = new KeyedHash({ random });
    this.#localNetwork = localNetwork;
    this.#nodeRules = sharedRule("unprovenPerMinute", "unprovenBurst", processes);
    this.#node = new TokenBucket(this.#nodeRules.quietNetwork);
    this.#target = sharedRule("unprovenPerMinuteToNetwork", "unprovenBurstToNetwork", processes);
    this.#pace = new TokenBucket({
      perSecond: RELAY_LIMITS.proofsPerSecond.value / processes,
      burst: RELAY_LIMITS.proofBurst.value / processes,
    });
    const keyed = (rule: RateRule): KeyedStates<TokenBucket> =>
      new KeyedStates({ clock, fresh: () => new TokenBucket(rule) }, { most: RELAY_LIMITS.limitedKeys.value });
    this.#networks = keyed(this.#network);
    this.#networkPaces = keyed(this.#networkPace);
    this.#targets = keyed(this.#target.quietNetwork);
    this.#ports = new HostPorts({ clock }, { most: RELAY_LIMITS.unprovenPorts.value });
    this.#portsForNetwork = new HostPorts({ clock }, { most: RELAY_LIMITS.unprovenPortsForNetwork.value });
  }

  /** Counts a proof of any kind. Throws ERR_STREAM_LIMIT, with `data.by` and `data.retryAfterSec`. */
  pace({ remote }: LinkSession): void {
    const nowMs = this.#clock.monotonicMs();
    const network = addressNetwork(remote);
    const key = this.#hash.of(network);
    const found = network === "" ? undefined : this.#networkPaces.find(key);
    refuseWait("proofs of a network", found?.state.waitMs(nowMs) ?? 0);
    refuseWait("proofs", this.#pace.waitMs(nowMs));
    this.#pace.take(nowMs);
    if (network === "") return;
    const held = this.#networkPaces.hold(key, found);
    held.state.take(nowMs);
    this.#networkPaces.release(held);
  }

  /**
   * Admits an attempt to reach an endpoint that only the client names. Undefined if that endpoint's host or network was named in
   * vain too often. Throws ERR_STREAM_LIMIT, with `data.by` and `data.retryAfterSec`, if the bound of the link, its network or the
   * node is reached. A refusal counts nothing.
   */
  admit(link: LinkSession, { host, port }: HostPort): ProofTicket | undefined {
    const nowMs = this.#clock.monotonicMs();
    const network = addressNetwork(link.remote);
    const ofLink = this.#links.get(link) ?? new TokenBucket(this.#link);
    refuseWait("unproven hops of a link", ofLink.waitMs(nowMs));
    const networkKey = this.#hash.of(network);
    const asking = network === "" ? undefined : this.#networks.find(networkKey);
    refuseWait("unproven hops of a network", asking?.state.waitMs(nowMs) ?? 0);
    const who = isQuiet(asking?.state, nowMs) ? "quietNetwork" : isQuiet(ofLink, nowMs) ? "quietLink" : "others";
    refuseWait("unproven hops", this.#node.waitMs(nowMs, this.#nodeRules[who]));

    const undo: (() => void)[] = [];
    const failed: (() => void)[] = [];
    if (!this.#localNetwork) {
      const targetKey = this.#hash.of(`to ${addressNetwork(host)}`);
      const target = this.#targets.find(targetKey);
      if ((target?.state.waitMs(nowMs, this.#target[who]) ?? 0) > 0) return undefined;
      const hostKey = this.#hash.of(host);
      const pairKey = this.#hash.of(`${network} ${host}`);
      if (!this.#ports.admits(hostKey, port) || !this.#portsForNetwork.admits(pairKey, port)) return undefined;
      for (const held of [this.#ports.take(hostKey, port), this.#portsForNetwork.take(pairKey, port)]) {
        undo.push(() => held.forget());
        failed.push(() => held.keep());
      }
      this.#take(this.#targets, targetKey, target, undo, failed);
    }
    this.#links.set(link, ofLink);
    undo.push(this.#count(ofLink));
    if (network !== "") this.#take(this.#networks, networkKey, asking, undo, failed);
    undo.push(this.#count(this.#node));
    return { succeeded: () => runOnce(undo, failed), failed: () => runOnce(failed, undo) };
  }

  /** Counts one, which `undo` gives back; the state is kept until it is known how the attempt ended. */
  #take(
    states: KeyedStates<TokenBucket>,
    key: number,
    found: HeldState<TokenBucket> | undefined,
    undo: (() => void)[],
    failed: (() => void)[],
  ): void {
    const held = states.hold(key, found);
    const giveBack = this.#count(held.state);
    undo.push(() => {
      giveBack();
      states.release(held);
    });
    failed.push(() => states.release(held));
  }

  /** Counts one, and returns what gives it back. */
  #count(bucket: TokenBucket): () => void {
    bucket.take(this.#clock.monotonicMs());
    return () => bucket.take(this.#clock.monotonicMs(), -1);
  }
}

/** One bound that all links share: the whole of it for links whose proofs did not fail lately, a part for others. */
interface SharedRule {
  readonly quietNetwork: RateRule;
  /** For a quiet link in a network that is not quiet. */
  readonly quietLink: RateRule;
  readonly others: RateRule;
}

const MINUTE_SEC = 60;

function sharedRule(
  perMinute: keyof typeof RELAY_LIMITS,
  burst: keyof typeof RELAY_LIMITS,
  processes: number,
): SharedRule {
  const kept = 1 / RELAY_LIMITS.quietShare.value;
  return {
    quietNetwork: ruleOf(perMinute, burst, processes),
    quietLink: ruleOf(perMinute, burst, processes, 1 - kept / 2),
    others: ruleOf(perMinute, burst, processes, 1 - kept),
  };
}

function isQuiet(state: TokenBucket | undefined, nowMs: number): boolean {
  return state?.isFull(nowMs) ?? true;
}

function ruleOf(
  perMinute: keyof typeof RELAY_LIMITS,
  burst: keyof typeof RELAY_LIMITS,
  processes = 1,
  share = 1,
): RateRule {
  const part = ({ value }: Limit): number => Math.max(1, value / processes);
  return new RateRule({
    perSecond: part(RELAY_LIMITS[perMinute]) / MINUTE_SEC,
    burst: Math.max(1, part(RELAY_LIMITS[burst]) * share),
  });
}

/** Runs all of `these`, and none of either a second time. */
function runOnce(these: (() => void)[], others: (() => void)[]): void {
  others.length = 0;
  for (const run of these.splice(0)) run();
}

function refuseWait(by: string, waitMs: number): void {
  if (waitMs <= 0) return;
  throw new BywayError("ERR_STREAM_LIMIT", "this relay is getting to know too many nodes at once", {
    data: { by, retryAfterSec: Math.ceil(waitMs / 1000) },
  });
}
