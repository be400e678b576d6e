/** A node, and the network that it stands in; absent where each counts as a network of its own. */
export interface NodeInNetwork {
  readonly peerId: string;
  readonly network?: string | undefined;
  /** It named nobody when it was asked, and so witnesses for nobody. */
  readonly isMute?: boolean | undefined;
}

/** Networks that must have named a node before it stands behind other hops. */
export const WITNESSES = 2;

/**
 * Whether a node may stand behind other hops: two networks of others named it, or as many as there are. One that a single
 * peer names may have been made for this client alone, and would know by that who comes. `namedIn` is absent for a node that
 * the client's owner named; `all` are the nodes to choose from.
 */
export function isWitnessed(
  { peerId, namedIn }: { readonly peerId: string; readonly namedIn?: readonly string[] | undefined },
  all: Iterable<NodeInNetwork>,
): boolean {
  if (namedIn === undefined || namedIn.length >= WITNESSES) return true;
  const others = new Set<string>();
  for (const other of all) {
    if (other.peerId !== peerId && other.isMute !== true) others.add(other.network ?? other.peerId);
    if (others.size > namedIn.length) return false;
  }
  return namedIn.length > 0;
}
