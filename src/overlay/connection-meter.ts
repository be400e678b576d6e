import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

/** What is counted of one connection. */
export type Metered = "streams" | "frames" | "gossip" | "gossipMessages" | "gossipBytes" | "junk" | "pieces";

interface Allowance {
  readonly burst: number;
  readonly perSecond: number;
}

const limits = OVERLAY_LIMITS;
const ALLOWANCES: Readonly<Record<Metered, Allowance>> = {
  streams: { burst: limits.streamBurst.value, perSecond: limits.streamsPerSecond.value },
  frames: { burst: limits.frameBurst.value, perSecond: limits.framesPerSecond.value },
  gossip: { burst: limits.gossipEntryBurst.value, perSecond: limits.gossipEntriesPerSecond.value },
  gossipMessages: { burst: limits.gossipMessageBurst.value, perSecond: limits.gossipMessagesPerSecond.value },
  gossipBytes: { burst: limits.gossipByteBurst.value, perSecond: limits.gossipBytesPerSecond.value },
  junk: { burst: limits.junkFrames.value, perSecond: limits.junkFrames.value / 60 },
  pieces: { burst: limits.pieceBurst.value, perSecond: limits.piecesPerSecond.value },
};

/** Counts what one connection makes this peer do, in frames of each layer, and ends a connection that does too much. */
export class ConnectionMeter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #end: (error: Error) => void;
  readonly #left = new Map<Metered, { tokens: number; atMs: number }>();
  #hasEnded = false;

  /** `end` is called once, with the reason. */
  constructor(components: { readonly clock: Pick<Clock, "monotonicMs"> }, end: (error: Error) => void) {
    this.#clock = components.clock;
    this.#end = end;
  }

  /** Takes `count` of an allowance; false when it is used up, and ever after. */
  take(what: Metered, count = 1): boolean {
    if (this.#hasEnded) return false;
    const { burst, perSecond } = ALLOWANCES[what];
    const nowMs = this.#clock.monotonicMs();
    const held = this.#left.get(what) ?? { tokens: burst, atMs: nowMs };
    held.tokens = Math.min(burst, held.tokens + ((nowMs - held.atMs) / 1_000) * perSecond) - count;
    held.atMs = nowMs;
    this.#left.set(what, held);
    if (held.tokens >= 0) return true;
    this.#hasEnded = true;
    this.#end(new BywayError("ERR_DIRECTORY_MESSAGE", `the connection used up its allowance of ${what}`));
    return false;
  }
}
