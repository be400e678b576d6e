import { OPERATION_LIMITS } from "./limits.ts";

/** How a month's volume stands. Bytes are those of the line: received and sent together. */
export interface VolumeState {
  readonly capBytes: number;
  readonly usedBytes: number;
  /** Until the volume counts anew. */
  readonly leftMs: number;
}

/** From this share of the cap on, what is left is spread over the time that is left. */
export const LANDING_SHARE = 0.8;

/** From this share of the cap on, no new streams are taken. */
export const CLOSING_SHARE = 0.95;

/**
 * The speed, in bytes of streams a second, at which a month's volume lasts; undefined while nothing holds it back.
 *
 * What a stream brings is received once and sent once, so the line moves two bytes for each.
 * - Below 80 % of the cap the speed is free, but for the brake.
 * - From 80 % it is what spreads the bytes up to 95 % evenly over the time until the reset; from 95 %, when no new
 *   streams come, those up to the cap.
 * - The brake: at any time a tenth of all that is left, a second at the most, so that a fast line with a small cap
 *   cannot shoot past it between two looks.
 * - Never below 1 Mbit/s, at which nothing can be used: what reaches the cap at that speed is cut off there.
 */
export function volumeSpeed({ capBytes, usedBytes, leftMs }: VolumeState): number | undefined {
  const left = capBytes - usedBytes;
  const brake = (left / 2) * (1000 / OPERATION_LIMITS.brakeMs.value);
  const share = usedBytes / capBytes;
  const spread =
    share < LANDING_SHARE
      ? Number.POSITIVE_INFINITY
      : (share < CLOSING_SHARE ? CLOSING_SHARE * capBytes - usedBytes : left) / 2 / (Math.max(leftMs, 1000) / 1000);
  const speed = Math.max(OPERATION_LIMITS.leastBytesPerSecond.value, Math.min(brake, spread));
  return speed < OPERATION_LIMITS.freeBytesPerSecond.value ? speed : undefined;
}
