import { counted } from "../core/counted.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../core/units.ts";

/** How this machine's clock compares with those of others, where it seems to be off. */
export interface ClockDoubt {
  readonly direction: "ahead" | "behind";
  /** About how far; absent where others only said in which direction. */
  readonly byMs?: number;
  /** Networks that say so; on a local network, peers. */
  readonly peers: number;
  /** Advertisements that came and are dated wrong by this machine's clock. */
  readonly advertisements: number;
}

/** What others show of the time, in one sentence without a full stop. */
export function clockDoubtReason({ direction, byMs, peers, advertisements }: ClockDoubt): string {
  const where = direction === "ahead" ? "past" : "future";
  if (byMs === undefined) {
    const dated = direction === "ahead" ? "dated in the future" : "that has expired";
    return `${counted(peers, "relay")} refused this node's advertisement as one ${dated}`;
  }
  const came =
    advertisements === 1 ? "the advertisement that came is" : `the ${advertisements} advertisements that came are`;
  return `${came} dated ${spanText(byMs)} in the ${where}`;
}

/** A span as people say it: `10 min`, `3 h`, `4 days`. */
function spanText(ms: number): string {
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  return ms < 2 * DAY_MS ? `${Math.round(ms / HOUR_MS)} h` : `${Math.round(ms / DAY_MS)} days`;
}
