import { LIVENESS_LIMITS } from "./limits.ts";

/** One kind of node that is wanted. */
export interface WantedKind<Peer> {
  readonly fits: (peer: Peer) => boolean;
}

/** How many nodes may be kept usable. */
export interface AllotmentBounds {
  /** Of each kind that was asked for. */
  readonly perKind: number;
  /** Of all these kinds together. */
  readonly ofKinds: number;
  /** Beside them, of any kind. */
  readonly others: number;
}

/** Which nodes stay usable, and how many are wanted. */
export interface Allotment<Peer> {
  readonly kept: ReadonlySet<Peer>;
  /** For each kind, in their order: how many it may have. */
  readonly wanted: readonly number[];
}

/**
 * Shares what may be kept usable among the kinds that are wanted, the one asked for last first: where there is not room for
 * all, the one that nobody has asked for the longest loses. A node counts for every kind that it fits and takes one place.
 * Nodes of no kind stay in their order, the longest usable first.
 */
export function allotUsable<Peer>(
  peers: readonly Peer[],
  kinds: readonly WantedKind<Peer>[],
  { perKind, ofKinds, others }: AllotmentBounds,
): Allotment<Peer> {
  const kept = new Set<Peer>();
  const wanted = kinds.map(({ fits }) => {
    const fitting = peers.filter(fits);
    let count = fitting.filter((peer) => kept.has(peer)).length;
    for (const peer of fitting) {
      if (count >= perKind || kept.size >= ofKinds) break;
      if (kept.has(peer)) continue;
      kept.add(peer);
      count += 1;
    }
    return Math.min(perKind, count + ofKinds - kept.size);
  });
  const rest = peers.filter((peer) => !kept.has(peer));
  for (const peer of rest.slice(0, others)) kept.add(peer);
  return { kept, wanted };
}

/** The bounds of what a client keeps usable. */
export const USABLE_BOUNDS: AllotmentBounds = {
  perKind: LIVENESS_LIMITS.usableForQuery.value,
  ofKinds: LIVENESS_LIMITS.usableInAll.value - LIVENESS_LIMITS.usablePeers.value,
  others: LIVENESS_LIMITS.usablePeers.value,
};
