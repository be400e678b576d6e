import type { Observation, ObservedHop } from "../trust/observation.ts";
import type { Hop } from "./hop.ts";

/** The hop at `index` of a circuit, as what it did is told. */
export function observedHop(hops: readonly Hop[], index: number): ObservedHop {
  const last = hops.length - 1;
  const role = index === last ? "exit" : index === 0 ? "guard" : "relay";
  return { peerId: String(hops[index]?.peerId), role, isFirst: index === 0 };
}

/**
 * That `peer` failed in a circuit of `hops`. Unless it `isKnown` (of a first hop it always is), the hop before it may have
 * made it look so.
 */
export function failureIn(hops: readonly Hop[], peer: string, isKnown: boolean): Observation {
  const index = hops.findIndex(({ peerId }) => peerId === peer);
  if (index === -1) return { peerId: peer, role: "relay", isFirst: false, what: "failed" };
  const failed = { ...observedHop(hops, index), what: "failed" as const };
  return index === 0 || isKnown ? failed : { ...failed, by: observedHop(hops, index - 1) };
}
