import type { HostPort } from "../core/network-address.ts";
import type { PeerId } from "../identity/peer-id.ts";

/** A node's place in a circuit: whom to expect where. */
export interface Hop {
  readonly peerId: PeerId;
  /** Where the client dials it when it is the first hop. */
  readonly endpoint: HostPort;
  /**
   * Its signed advertisement, where this client's owner handed it in: shown to the hop before it, which may not know the peer.
   * What came over the network is never shown, since the peer could have made it for this client alone.
   */
  readonly shown?: Uint8Array;
  /** Where it says that it stands, for telling the user. */
  readonly country?: string;
}
