import type { Advertisement } from "../wire/advertisement.ts";
import type { KnownPeer, PeerPlace } from "./known-peer.ts";
import type { PeerRecord, StoredPeer } from "./stored-peer.ts";

/** A known peer, and what was found out about it. */
export interface BookPeer extends KnownPeer, PeerRecord {
  readonly place: PeerPlace;
  readonly namedIn: readonly string[];
}

/** A stored peer whose envelope says `advertisement`. */
export function bookPeer(advertisement: Advertisement, stored: StoredPeer): BookPeer {
  const { envelope, place, firstSeenMs, lastSeenMs, reportedBy, checkedAtMs, reachedAtMs, rttMs, failures, namedIn } =
    stored;
  return {
    advertisement,
    envelope,
    place,
    firstSeenMs,
    lastSeenMs,
    reportedBy,
    ...(checkedAtMs === undefined ? {} : { checkedAtMs }),
    ...(reachedAtMs === undefined ? {} : { reachedAtMs }),
    ...(rttMs === undefined ? {} : { rttMs }),
    failures,
    namedIn,
  };
}
