import type { Clock } from "../core/clock.ts";
import { type ErrorCode, errorRow } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { LINK_LIMITS } from "./limits.ts";

/** What a peer may do at a bounded rate. Logs and counts show these words. */
export type Excess =
  | "pings"
  | "settings"
  | "refused requests"
  | "tiny frames"
  | "interim answers"
  | "long header lists";

/**
 * Whether a peer that keeps to what the node advertises and allows would not get this refusal. A next hop that is not there
 * counts as well: it costs a relay connections to strangers.
 */
function isAvoidable({ code }: BywayError): boolean {
  const { kind, http } = errorRow(code);
  return kind === "policy" || kind === "usage" || http === 429 || RELAYED.has(code);
}

const RELAYED: ReadonlySet<ErrorCode> = new Set(["ERR_HOP_ROLE", "ERR_HOP_UNREACHABLE", "ERR_HOP_UNKNOWN"]);

/**
 * Judges how the peer on one link behaves. Each thing that costs this node and serves nobody has a rate. `onExcess` is called
 * once, when the peer exceeds one.
 */
export class LinkConduct {
  readonly #clock: Clock;
  readonly #onExcess: (of: Excess) => void;
  readonly #pings = rateOf(LINK_LIMITS.pingsPerSecond.value, LINK_LIMITS.pingBurst.value);
  readonly #settings = rateOf(LINK_LIMITS.settingsPerSecond.value, LINK_LIMITS.settingsBurst.value);
  readonly #refusals = rateOf(LINK_LIMITS.refusalsPerSecond.value, LINK_LIMITS.refusalBurst.value);
  /** A smaller bound, for times when all links together have too many. */
  readonly #fewRefusals = rateOf(LINK_LIMITS.refusalsPerSecond.value, LINK_LIMITS.floodedRefusalBurst.value);
  readonly #tinyFrames = rateOf(LINK_LIMITS.tinyFramesPerSecond.value, LINK_LIMITS.tinyFrameBurst.value);
  readonly #interims = rateOf(LINK_LIMITS.interimsPerSecond.value, LINK_LIMITS.interimBurst.value);
  readonly #longLists = rateOf(LINK_LIMITS.longListsPerSecond.value, LINK_LIMITS.longListBurst.value);
  readonly #ofAllLinks: TokenBucket;
  #isOver = false;

  /** All links of a server share `refusals`, which `sharedRefusals` makes. */
  constructor(components: { readonly clock: Clock; readonly refusals?: TokenBucket }, onExcess: (of: Excess) => void) {
    this.#clock = components.clock;
    this.#ofAllLinks = components.refusals ?? sharedRefusals();
    this.#onExcess = onExcess;
  }

  /** The peer sent a PING (RFC 9113 §6.7). */
  pinged(): void {
    this.#judge(this.#pings, "pings");
  }

  /** The peer changed its SETTINGS (RFC 9113 §6.5). */
  changedSettings(): void {
    this.#judge(this.#settings, "settings");
  }

  /** The peer sent a DATA frame below `tinyFrameBytes` behind another such on one stream. */
  sentTiny(): void {
    this.#judge(this.#tinyFrames, "tiny frames");
  }

  /** The peer sent an interim answer (1xx, RFC 9113 §8.1). */
  sentInterim(): void {
    this.#judge(this.#interims, "interim answers");
  }

  /** The peer sent a header list beyond `headerListBytes`, and had not acknowledged that bound. */
  sentLongList(): void {
    this.#judge(this.#longLists, "long header lists");
  }

  /** A request was refused with `error`; only refusals that the peer could have avoided count. */
  refused(error: BywayError): void {
    if (isAvoidable(error)) this.#judgeRefusal();
  }

  /** A document was served. Such requests carry nothing, so they count as refused ones do. */
  served(): void {
    this.#judgeRefusal();
  }

  /** A peer that is sent away can open a new link at little cost, so refusals are bounded over all links as well. */
  #judgeRefusal(): void {
    const isFlooded = !this.#ofAllLinks.tryTake(this.#clock.monotonicMs());
    this.#judge(this.#refusals, "refused requests");
    if (isFlooded) this.#judge(this.#fewRefusals, "refused requests");
  }

  #judge(allowed: TokenBucket, of: Excess): void {
    if (this.#isOver || allowed.tryTake(this.#clock.monotonicMs())) return;
    this.#isOver = true;
    this.#onExcess(of);
  }
}

/** The bound on refused requests of all links of a server together. Above it, each link may have a few only. */
export function sharedRefusals(): TokenBucket {
  return rateOf(LINK_LIMITS.allRefusalsPerSecond.value, LINK_LIMITS.allRefusalBurst.value);
}

function rateOf(perSecond: number, burst: number): TokenBucket {
  return new TokenBucket({ perSecond, burst });
}
