import type { PeerId } from "../identity/peer-id.ts";
import type { Way } from "../link/way.ts";
import type { Observation, ObservedHop } from "../trust/observation.ts";

/** A node's place in a circuit: its identity and its address. */
export interface Hop {
  readonly peerId: PeerId;
  /** How the client reaches it when it is the first hop, the way to try first before the others. */
  readonly ways: readonly Way[];
  /**
   * Its signed advertisement, if the owner of this client provided it. The hop before it gets it, since it may not know the peer.
   * An advertisement from the network is never shown: the peer could have made it for this client alone.
   */
  readonly shown?: Uint8Array;
  /** The country that it claims, for the user. */
  readonly country?: string;
}

/** The hop at `index` of a circuit, as observations name it. */
export function observedHop(hops: readonly Hop[], index: number): ObservedHop {
  const last = hops.length - 1;
  const role = index === last ? "exit" : index === 0 ? "guard" : "relay";
  return { peerId: String(hops[index]?.peerId), role, isFirst: index === 0 };
}

/**
 * The observation that `peer` failed in a circuit of `hops`. Unless `isKnown` is true, the hop before it may be the one that
 * lies. Of a first hop the failure is always known.
 */
export function failureIn(hops: readonly Hop[], peer: string, isKnown: boolean): Observation {
  const index = hops.findIndex(({ peerId }) => peerId === peer);
  if (index === -1) return { peerId: peer, role: "relay", isFirst: false, what: "failed" };
  const failed = { ...observedHop(hops, index), what: "failed" as const };
  return index === 0 || isKnown ? failed : { ...failed, by: observedHop(hops, index - 1) };
}
