import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { KeyedHash } from "../rate/keyed-hash.ts";
import { type HeldState, KeyedStates } from "../rate/keyed-states.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { type Asker, FairCounts, fullText, NO_ASKER } from "./fair-counts.ts";
import { HostState } from "./host-state.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { PerClientLimits, refusal } from "./per-client-limits.ts";

/** What an exit lets through; each has its default in `EGRESS_LIMITS`. All are whole numbers above 0. */
export interface StreamLimitOptions {
  /** Streams of everybody at a time, and new ones a second. */
  readonly maxStreams?: number;
  readonly streamsPerSecond?: number;
  /** Of one link, and of all links of one payer. */
  readonly linkStreams?: number;
  readonly linkStreamsPerSecond?: number;
  readonly linkTargetsPerMinute?: number;
  /** To one host, of everybody together. */
  readonly targetStreams?: number;
  readonly targetStreamsPerSecond?: number;
}

/** Who asks for a stream, and whereto. */
export interface StreamAsked {
  readonly linkId: number;
  /** At the far end of the link; "" or absent where it has no address. */
  readonly remoteAddress?: string;
  readonly payer?: string;
  /** Normalised, so that a host has one spelling. */
  readonly target: HostPort;
}

/** An odd number whose bits are spread evenly: 2³² over the golden ratio. */
const PORT_FACTOR = 0x9e3779b1;

/**
 * Holds streams to targets to what the operator allows: how many at a time, how many new ones a second, and how many
 * different targets a minute, as whoever scans asks for many. A refusal uses nothing up. A second's limit lets through
 * what the first four tenths of a second bring at once. What all askers share, the node's streams and those to one host, no
 * asker alone takes (`FairCounts`).
 *
 * What is kept of a link, payer or host is bounded, and so is how many of each are kept.
 */
export class StreamLimits {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #hash: KeyedHash;
  readonly #maxStreams: number;
  readonly #streamsPerSecond: number;
  readonly #rate: TokenBucket;
  readonly #links: PerClientLimits;
  readonly #payers: PerClientLimits;
  readonly #targetStreams: number;
  readonly #targetRule: RateRule;
  readonly #hosts: KeyedStates<HostState>;
  readonly #open = new FairCounts();

  constructor(
    components: { readonly clock: Pick<Clock, "monotonicMs">; readonly random?: Pick<Random, "bytes"> },
    options: StreamLimitOptions = {},
  ) {
    const { clock, random = systemRandom } = components;
    const limit = (name: keyof StreamLimitOptions): number => options[name] ?? EGRESS_LIMITS[name].value;
    const keys = EGRESS_LIMITS.limitedKeys.value;
    this.#clock = clock;
    this.#hash = new KeyedHash({ random });
    this.#maxStreams = limit("maxStreams");
    this.#streamsPerSecond = limit("streamsPerSecond");
    this.#rate = new TokenBucket({ perSecond: this.#streamsPerSecond, burst: burstOf(this.#streamsPerSecond) });
    const asker = {
      streams: limit("linkStreams"),
      perSecond: ruleOf(limit("linkStreamsPerSecond")),
      targetsPerMinute: limit("linkTargetsPerMinute"),
      keys,
    };
    this.#links = new PerClientLimits({ clock }, "link", asker);
    this.#payers = new PerClientLimits({ clock }, "payer", asker);
    this.#targetStreams = limit("targetStreams");
    this.#targetRule = ruleOf(limit("targetStreamsPerSecond"));
    this.#hosts = new KeyedStates({ clock, fresh: () => new HostState(this.#targetRule) }, { most: keys });
  }

  /** Streams that are open. */
  get open(): number {
    return this.#open.taken;
  }

  /** How many links, payers and hosts are remembered. */
  get remembered(): number {
    return this.#links.size + this.#payers.size + this.#hosts.size;
  }

  /**
   * Takes a place for a stream, given back by disposing of it (once counts); throws ERR_NODE_LIMIT, with `data.by` and
   * `data.retryAfterSec`.
   */
  admit(asked: StreamAsked): Disposable {
    const { linkId, target } = asked;
    const nowMs = this.#clock.monotonicMs();
    const exactKey = this.#hash.of(target.host);
    const hostKey = target.host.includes(":") ? this.#hash.of(addressCrowd(target.host)) : exactKey;
    // By an odd number, so that no two ports of a host are taken for one.
    const targetKey = (exactKey + Math.imul(target.port, PORT_FACTOR)) | 0;
    const payerKey = asked.payer === undefined ? undefined : this.#hash.of(asked.payer);

    const link = this.#links.check(linkId, targetKey, nowMs);
    const payer = payerKey === undefined ? undefined : this.#payers.check(payerKey, targetKey, nowMs);
    const asker = { linkId, remoteAddress: asked.remoteAddress ?? NO_ASKER.remoteAddress };
    const host = this.#checkHost(hostKey, asker, nowMs);
    this.#checkNode(asker, nowMs);

    const close = this.#open.take(asker);
    this.#rate.take(nowMs);
    const heldHost = this.#hosts.hold(hostKey, host);
    const closeToHost = heldHost.state.open(asker, this.#targetRule, nowMs);
    const heldLink = this.#links.take(linkId, link, targetKey, nowMs);
    const heldPayer = payerKey === undefined ? undefined : this.#payers.take(payerKey, payer, targetKey, nowMs);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        close();
        closeToHost();
        this.#links.release(heldLink);
        if (heldPayer !== undefined) this.#payers.release(heldPayer);
        this.#hosts.release(heldHost);
      },
    };
  }

  #checkHost(key: number, asker: Asker, nowMs: number): HeldState<HostState> | undefined {
    const found = this.#hosts.find(key);
    if (found === undefined) return undefined;
    const full = found.state.fullFor(asker, this.#targetStreams);
    if (full !== undefined) {
      throw refusal(
        "open streams of a target",
        `the node ${fullText(full, `${this.#targetStreams} streams to this host`)}`,
      );
    }
    const waitMs = this.#targetRule.waitMs(found.state.nextMs, nowMs);
    if (waitMs > 0) {
      const message = `the node has begun more streams to this host than ${this.#targetRule.perSecond} a second`;
      throw refusal("streams per second of a target", message, waitMs);
    }
    return found;
  }

  #checkNode(asker: Asker, nowMs: number): void {
    const full = this.#open.fullFor(asker, this.#maxStreams);
    if (full !== undefined) {
      throw refusal("open streams", `the node ${fullText(full, `${this.#maxStreams} streams to targets`)}`);
    }
    const waitMs = this.#rate.waitMs(nowMs);
    if (waitMs > 0) {
      const message = `the node has begun more streams to targets than ${this.#streamsPerSecond} a second`;
      throw refusal("streams per second", message, waitMs);
    }
  }
}

function burstOf(perSecond: number): number {
  return (perSecond * EGRESS_LIMITS.streamBurstMs.value) / 1000;
}

function ruleOf(perSecond: number): RateRule {
  return new RateRule({ perSecond, burst: burstOf(perSecond) });
}
