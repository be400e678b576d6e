import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { type Random, systemRandom } from "../core/random.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import type { LinkSession } from "../link/link-session.ts";
import { KeyedHash } from "../rate/keyed-hash.ts";
import { type HeldState, KeyedStates } from "../rate/keyed-states.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { FairSemaphore, fullText } from "./fair-semaphore.ts";
import { HostState } from "./host-state.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { type ClientState, PerClientLimits, refusal } from "./per-client-limits.ts";

/** How many streams an exit accepts. All are whole numbers above 0; each has its default in `EGRESS_LIMITS`. */
export interface StreamLimitOptions {
  /** Streams of all clients at a time, and new ones a second. */
  readonly maxStreams?: number | undefined;
  readonly streamsPerSecond?: number | undefined;
  /** Of one link, and of all links of one payer. */
  readonly linkStreams?: number | undefined;
  readonly linkStreamsPerSecond?: number | undefined;
  readonly linkTargetsPerMinute?: number | undefined;
  /** To one host, of all clients together. */
  readonly targetStreams?: number | undefined;
  readonly targetStreamsPerSecond?: number | undefined;
}

/** The link that asks for a stream, and the target. */
export interface StreamAsked {
  readonly link: LinkSession;
  /** Normalised, so that a host has one spelling. */
  readonly target: HostPort;
}

/** An odd number whose bits are spread evenly: 2³² over the golden ratio. */
const PORT_FACTOR = 0x9e3779b1;

/**
 * Bounds streams to targets as the operator set: how many at a time, how many new ones a second, and how many different
 * targets a minute, since a scan asks for many. A refusal uses nothing up. The burst of a limit a second is four tenths of a
 * second's worth. No link alone gets all streams of the node, or all to one host (`FairSemaphore`).
 *
 * The state of a link, payer or host has a bounded size. A link's state goes with the link; of payers and hosts a bounded number
 * is remembered.
 */
export class StreamLimits {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #hash: KeyedHash;
  readonly #maxStreams: number;
  readonly #streamsPerSecond: number;
  readonly #rate: TokenBucket;
  readonly #linkRules: PerClientLimits;
  readonly #links = new WeakMap<LinkSession, ClientState>();
  readonly #payerRules: PerClientLimits;
  readonly #payers: KeyedStates<ClientState>;
  readonly #targetStreams: number;
  readonly #targetRule: RateRule;
  readonly #hosts: KeyedStates<HostState>;
  readonly #open: FairSemaphore;

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
    this.#open = new FairSemaphore(this.#maxStreams);
    this.#streamsPerSecond = limit("streamsPerSecond");
    this.#rate = new TokenBucket({ perSecond: this.#streamsPerSecond, burst: burstOf(this.#streamsPerSecond) });
    const bounds = {
      streams: limit("linkStreams"),
      perSecond: ruleOf(limit("linkStreamsPerSecond")),
      targetsPerMinute: limit("linkTargetsPerMinute"),
    };
    this.#linkRules = new PerClientLimits("link", bounds);
    this.#payerRules = new PerClientLimits("payer", bounds);
    this.#payers = new KeyedStates({ clock, fresh: () => this.#payerRules.fresh() }, { most: keys });
    this.#targetStreams = limit("targetStreams");
    this.#targetRule = ruleOf(limit("targetStreamsPerSecond"));
    this.#hosts = new KeyedStates(
      { clock, fresh: () => new HostState(this.#targetRule, this.#targetStreams) },
      { most: keys },
    );
  }

  /** Streams that are open. */
  get open(): number {
    return this.#open.taken;
  }

  /** How many payers and hosts are remembered. */
  get remembered(): number {
    return this.#payers.size + this.#hosts.size;
  }

  /**
   * Takes a place for a stream. Disposing of the result gives it back; doing so twice is harmless. Throws ERR_NODE_LIMIT, with
   * `data.by` and `data.retryAfterSec`.
   */
  admit({ link, target }: StreamAsked): Disposable {
    const nowMs = this.#clock.monotonicMs();
    const exactKey = this.#hash.of(target.host);
    const hostKey = target.host.includes(":") ? this.#hash.of(addressCrowd(target.host)) : exactKey;
    // The factor is odd, so no two ports of a host have the same key.
    const targetKey = (exactKey + Math.imul(target.port, PORT_FACTOR)) | 0;
    const payerKey = link.payer === undefined ? undefined : this.#hash.of(link.payer);

    let ofLink = this.#links.get(link);
    this.#linkRules.check(ofLink, targetKey, nowMs);
    const payer = payerKey === undefined ? undefined : this.#payers.find(payerKey);
    this.#payerRules.check(payer?.state, targetKey, nowMs);
    const host = this.#checkHost(hostKey, link, nowMs);
    this.#checkNode(link, nowMs);

    const close = this.#open.take(link);
    this.#rate.take(nowMs);
    const heldHost = this.#hosts.hold(hostKey, host);
    const closeToHost = heldHost.state.open(link, nowMs);
    if (ofLink === undefined) {
      ofLink = this.#linkRules.fresh();
      this.#links.set(link, ofLink);
    }
    this.#linkRules.take(ofLink, targetKey, nowMs);
    const heldPayer = payerKey === undefined ? undefined : this.#payers.hold(payerKey, payer);
    if (heldPayer !== undefined) this.#payerRules.take(heldPayer.state, targetKey, nowMs);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        close();
        closeToHost();
        ofLink.open -= 1;
        if (heldPayer !== undefined) {
          heldPayer.state.open -= 1;
          this.#payers.release(heldPayer);
        }
        this.#hosts.release(heldHost);
      },
    };
  }

  #checkHost(key: number, link: LinkSession, nowMs: number): HeldState<HostState> | undefined {
    const found = this.#hosts.find(key);
    if (found === undefined) return undefined;
    const full = found.state.fullFor(link);
    if (full !== undefined) {
      throw refusal(
        "open streams of a target",
        `the node ${fullText(full, `${this.#targetStreams} streams to this host`)}`,
      );
    }
    const waitMs = found.state.waitMs(nowMs);
    if (waitMs > 0) {
      const message = `the node has begun more streams to this host than ${this.#targetRule.perSecond} a second`;
      throw refusal("streams per second of a target", message, waitMs);
    }
    return found;
  }

  #checkNode(link: LinkSession, nowMs: number): void {
    const full = this.#open.fullFor(link);
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
