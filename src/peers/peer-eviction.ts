import type { StoreFile } from "../storage/store-file.ts";
import { PEERS_LIMITS } from "./limits.ts";

/** A network as the store counts it: `p` and a prefix, or `a` and an AS number. */
export type Crowd = `p${string}` | `a${number}`;

const KINDS = [
  ["reached_at IS NULL", "id DESC"],
  ["reached_at IS NOT NULL", "reached_at"],
] as const;

/**
 * Forgets at least `over` peers, and some more so that the next few writes need not:
 *
 * 1. those that have expired, the longest ago first;
 * 2. those that failed their last checks, the most often first;
 * 3. those that never answered one: first of the most crowded networks (/16, /32), which shrink to one level by those
 *    that came last, so that a flood evicts itself; then any, by lot, so that nobody gains by when he writes;
 * 4. those that did answer, in the same way, those first that did so longest ago.
 */
export function evictPeers(
  file: StoreFile,
  over: number,
  bounds: { readonly capacity: number; readonly nowSec: number; readonly lot: number },
): void {
  let left = over + Math.min(PEERS_LIMITS.evictedAtOnce.value, Math.floor(bounds.capacity / 32));
  const drop = (source: string, ...values: (string | number)[]): void => {
    if (left > 0) left -= file.run(`DELETE FROM peers WHERE id IN (SELECT id FROM peers ${source})`, ...values, left);
  };
  drop("INDEXED BY peers_expires WHERE expires_at <= ? ORDER BY expires_at LIMIT ?", bounds.nowSec);
  // `> 0` is said for the planner: only so it knows that the index has all of them.
  drop(
    "INDEXED BY peers_failing WHERE failures > 0 AND failures >= ? ORDER BY failures DESC LIMIT ?",
    PEERS_LIMITS.unreachableAfter.value,
  );
  for (const [reached, order] of KINDS) {
    if (left <= 0) return;
    for (const [prefix, surplus] of surplusOf(file, left)) {
      left -= file.run(
        `DELETE FROM peers WHERE id IN (SELECT id FROM peers INDEXED BY peers_prefix
           WHERE prefix = ? AND ${reached} ORDER BY ${order} LIMIT ?)`,
        prefix,
        surplus,
      );
    }
    drop(`INDEXED BY peers_lot WHERE lot >= ? AND ${reached} ORDER BY lot LIMIT ?`, bounds.lot);
    drop(`INDEXED BY peers_lot WHERE lot < ? AND ${reached} ORDER BY lot LIMIT ?`, bounds.lot);
  }
}

/**
 * Forgets one peer of a crowd that has expired or failed its last checks; false if there is none. `isForMet`: else the one
 * that came last of those that never answered and were named by nobody else, or by any; never one that the user named.
 */
export function makeRoomIn(file: StoreFile, crowd: Crowd, nowSec: number, isForMet = false): boolean {
  const [member, index, value] = crowd.startsWith("p")
    ? ["prefix = ?1", "peers_prefix", crowd.slice(1)]
    : ["asn = ?1 AND proven_asn = ?1", "peers_asn", Number(crowd.slice(1))];
  const drop = (which: string, ...values: number[]): boolean => {
    const found = `SELECT id FROM peers INDEXED BY ${index} WHERE ${member} AND ${which} LIMIT 1`;
    return file.run(`DELETE FROM peers WHERE id IN (${found})`, value, ...values) > 0;
  };
  const { value: unreachableAfter } = PEERS_LIMITS.unreachableAfter;
  if (drop("(expires_at <= ?2 OR failures >= ?3)", nowSec, unreachableAfter)) return true;
  return isForMet && drop("reached_at IS NULL AND told_kind <> 'file' ORDER BY named_in IS NOT NULL, id DESC");
}

/** By how much the most crowded networks must shrink for `wanted` to go in all, all of them down to one level. */
function surplusOf(file: StoreFile, wanted: number): readonly (readonly [prefix: string, surplus: number])[] {
  const rows = file.all(
    "SELECT name, size FROM crowds WHERE name >= 'p' AND name < 'q' ORDER BY size DESC LIMIT ?",
    PEERS_LIMITS.shrunkCrowds.value + 1,
  );
  const crowds = rows.map((row) => ({ prefix: String(row.name).slice(1), size: Number(row.size) }));
  // No further than to the first crowd that is left alone: below it are others of that size.
  let level = crowds[PEERS_LIMITS.shrunkCrowds.value]?.size ?? 1;
  const above = (floor: number): number => crowds.reduce((sum, { size }) => sum + Math.max(0, size - floor), 0);
  let high = crowds[0]?.size ?? 0;
  while (level < high) {
    const middle = Math.ceil((level + high) / 2);
    if (above(middle) >= wanted) level = middle;
    else high = middle - 1;
  }
  let left = wanted;
  return crowds.flatMap(({ prefix, size }) => {
    const surplus = Math.min(left, size - level);
    left -= Math.max(0, surplus);
    return surplus > 0 ? [[prefix, surplus] as const] : [];
  });
}
