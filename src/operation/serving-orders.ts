import type { ErrorCode } from "../core/error-table.ts";

/** What the operator's settings allow at the moment; sent to every link service whenever it changes. Plain JSON. */
export interface ServingOrders {
  /** Why new streams and links onward are refused; absent while the node serves. */
  readonly refusal?: {
    readonly code: Extract<ErrorCode, "ERR_NODE_LIMIT" | "ERR_NODE_CLOSED">;
    readonly message: string;
    /** What counts and metrics show: `monthly volume`, `hours`, `paused`, `draining`, `starting`. */
    readonly by: string;
    readonly retryAfterSec: number;
  };
  /** The streams that stand are to be ended as well. */
  readonly endsStreams: boolean;
  /** How fast the node may carry, in bytes a second; absent where nothing holds it back. */
  readonly bytesPerSecond?: number;
  /** Public addresses at which others saw the node: no way out leads there. The node's process adds them. */
  readonly seenAddresses?: readonly string[];
}

/** What holds until a node that starts knows whether it was paused, and what it may carry. */
export const STARTING_ORDERS: ServingOrders = {
  refusal: { code: "ERR_NODE_CLOSED", message: "the node is still starting", by: "starting", retryAfterSec: 1 },
  endsStreams: false,
};

/** A smaller change of speed is not worth a message to every process. */
const SPEED_STEP = 0.02;

/** Whether link services that have `before` must get `now`. */
export function isWorthTelling(before: ServingOrders, now: ServingOrders): boolean {
  if (before.endsStreams !== now.endsStreams) return true;
  if (before.refusal?.by !== now.refusal?.by || before.refusal?.retryAfterSec !== now.refusal?.retryAfterSec)
    return true;
  const { bytesPerSecond: old } = before;
  const { bytesPerSecond: speed } = now;
  if (old === undefined || speed === undefined) return old !== speed;
  return Math.abs(speed - old) > SPEED_STEP * old;
}
