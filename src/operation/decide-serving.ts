import { MINUTE_MS } from "../core/units.ts";
import { OPERATION_LIMITS } from "./limits.ts";
import type { NodeStatus } from "./node-status.ts";
import type { ServingOrders } from "./serving-orders.ts";
import { CLOSING_SHARE, type VolumeState, volumeSpeed } from "./volume-speed.ts";

/** All that decides whether a node serves, and how fast. */
export interface ServingFacts {
  readonly nowMs: number;
  readonly isDraining: boolean;
  readonly isPaused: boolean;
  /** Absent without a monthly cap. */
  readonly volume?: VolumeState | undefined;
  /** Absent within the hours. `forMs` is how long they have been over, `opensMs` when they begin. */
  readonly afterHours?: { readonly forMs: number; readonly opensMs: number } | undefined;
  /** What the operator gives, in bytes of streams a second; absent for all that the line has. */
  readonly bytesPerSecond?: number | undefined;
}

/** What follows for streams, and what the operator is shown. */
export interface ServingDecision {
  readonly orders: ServingOrders;
  readonly serving: NodeStatus["serving"];
}

type Refusal = NonNullable<ServingOrders["refusal"]>;

/** Decides by the operator's word first, then the month's volume, then the hours. Pure. */
export function decideServing(facts: ServingFacts): ServingDecision {
  const { volume, afterHours } = facts;
  const isUsedUp = volume !== undefined && volume.usedBytes >= volume.capBytes;
  const areHoursOver = afterHours !== undefined && afterHours.forMs >= OPERATION_LIMITS.closingGraceMs.value;
  const speeds = [facts.bytesPerSecond, volume && volumeSpeed(volume)].filter((speed) => speed !== undefined);
  const { refusal, serving } = refusalOf(facts);
  return {
    orders: {
      ...(refusal === undefined ? {} : { refusal }),
      endsStreams: isUsedUp || areHoursOver,
      ...(speeds.length === 0 ? {} : { bytesPerSecond: Math.floor(Math.min(...speeds)) }),
    },
    serving,
  };
}

function refusalOf(facts: ServingFacts): { readonly refusal?: Refusal; readonly serving: NodeStatus["serving"] } {
  const { nowMs, isDraining, isPaused, volume, afterHours } = facts;
  const retryAfterSec = OPERATION_LIMITS.pausedRetrySec.value;
  if (isDraining) {
    const message = "the node is about to stop and takes no new streams";
    return {
      refusal: { code: "ERR_NODE_CLOSED", by: "draining", message, retryAfterSec },
      serving: { state: "draining" },
    };
  }
  if (isPaused) {
    const message = "the node's operator has paused it";
    return { refusal: { code: "ERR_NODE_CLOSED", by: "paused", message, retryAfterSec }, serving: { state: "paused" } };
  }
  if (volume !== undefined && volume.usedBytes >= CLOSING_SHARE * volume.capBytes) {
    const message = "the node has used up what it may carry this month";
    const waitSec = Math.min(OPERATION_LIMITS.longestRetrySec.value, secondsUntil(volume.leftMs));
    return {
      refusal: { code: "ERR_NODE_LIMIT", by: "monthly volume", message, retryAfterSec: waitSec },
      serving: closed(
        volume.usedBytes >= volume.capBytes
          ? "the month's volume is used up"
          : "what is left of the month's volume is for the streams that are open",
        nowMs + volume.leftMs,
      ),
    };
  }
  if (afterHours !== undefined) {
    const message = "the node does not serve at this hour";
    const waitSec = secondsUntil(afterHours.opensMs - nowMs);
    return {
      refusal: { code: "ERR_NODE_CLOSED", by: "hours", message, retryAfterSec: waitSec },
      serving: closed("outside its hours", afterHours.opensMs),
    };
  }
  return { serving: { state: "serving" } };
}

function closed(reason: string, untilMs: number): NodeStatus["serving"] {
  return { state: "closed", reason, until: new Date(untilMs).toISOString() };
}

/** In whole minutes, so that orders do not change with every second. */
function secondsUntil(leftMs: number): number {
  return Math.max(1, Math.ceil(leftMs / MINUTE_MS)) * 60;
}
