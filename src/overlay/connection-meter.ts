import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { RateRule } from "../rate/rate-rule.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

/** What is counted of one connection. */
export type Metered = "streams" | "frames" | "gossip" | "gossipMessages" | "gossipBytes" | "junk" | "pieces";

const limits = OVERLAY_LIMITS;
const ALLOWANCES: Readonly<Record<Metered, RateRule>> = {
  streams: new RateRule({ burst: limits.streamBurst.value, perSecond: limits.streamsPerSecond.value }),
  frames: new RateRule({ burst: limits.frameBurst.value, perSecond: limits.framesPerSecond.value }),
  gossip: new RateRule({ burst: limits.gossipEntryBurst.value, perSecond: limits.gossipEntriesPerSecond.value }),
  gossipMessages: new RateRule({
    burst: limits.gossipMessageBurst.value,
    perSecond: limits.gossipMessagesPerSecond.value,
  }),
  gossipBytes: new RateRule({ burst: limits.gossipByteBurst.value, perSecond: limits.gossipBytesPerSecond.value }),
  junk: new RateRule({ burst: limits.junkFrames.value, perSecond: limits.junkFrames.value / 60 }),
  pieces: new RateRule({ burst: limits.pieceBurst.value, perSecond: limits.piecesPerSecond.value }),
};

/** Counts what one connection makes this peer do, in frames of each layer, and ends a connection that does too much. */
export class ConnectionMeter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #end: (error: Error) => void;
  readonly #buckets = new Map<Metered, TokenBucket>();
  #hasEnded = false;

  /** `end` is called once, with the reason. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, end: (error: Error) => void) {
    this.#clock = components.clock;
    this.#end = end;
  }

  /** Takes `count` of an allowance; false when it is used up, and ever after. */
  take(what: Metered, count = 1): boolean {
    if (this.#hasEnded) return false;
    const bucket = this.#buckets.get(what) ?? new TokenBucket(ALLOWANCES[what]);
    this.#buckets.set(what, bucket);
    if (bucket.tryTake(this.#clock.monotonicMs(), count)) return true;
    this.#hasEnded = true;
    this.#end(new BywayError("ERR_DIRECTORY_MESSAGE", `the connection used up its allowance of ${what}`));
    return false;
  }
}
