import type { Advertisement, NetworkKind } from "../wire/advertisement.ts";

/** A peer that is known through its verified advertisement. */
export interface KnownPeer {
  readonly advertisement: Advertisement;
  readonly envelope: Uint8Array;
  /** Where to believe it is; absent where nobody compared its claims with data. */
  readonly place?: PeerPlace;
  /** Networks of others that named it; absent where nobody counts them. */
  readonly namedIn?: readonly string[];
  /** It named nobody when it was asked. */
  readonly isMute?: boolean;
}

/** What a node claims of its place and address data can contradict. */
export type ClaimName = "country" | "region" | "city" | "asn" | "network";

/** Where to believe that a node is: the fact where own data has one, the node's claim elsewhere. */
export interface BelievedPlace {
  /** ISO 3166-1 alpha-2 in lower case. */
  readonly country?: string;
  /** A name or a code; as the data or the claim has it. */
  readonly region?: string;
  /** The part of ISO 3166-2 behind the country, lower case, where data has it. */
  readonly regionCode?: string;
  readonly city?: string;
  readonly asn?: number;
  /** The AS where address data knows it. Rules against crowds count this one alone, since anybody can claim another. */
  readonly provenAsn?: number;
  readonly isp?: string;
}

/** Where a node is, as far as can be told, and which of its claims are wrong. */
export interface PeerPlace extends BelievedPlace {
  readonly network: NetworkKind;
  /** The claims that own data contradicts; the facts stand in their place. */
  readonly contradicted: readonly ClaimName[];
}

/** Whether nothing is known of a peer that was not known before. */
export function isTheSame(before: KnownPeer, now: KnownPeer): boolean {
  return (
    before.advertisement.seq === now.advertisement.seq &&
    before.namedIn?.length === now.namedIn?.length &&
    before.isMute === now.isMute
  );
}
