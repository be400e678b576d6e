import type { StoreRow } from "../storage/store-file.ts";
import type { NetworkKind } from "../wire/advertisement.ts";
import type { ClaimName, PeerPlace } from "./known-peer.ts";

/** How a peer came to be known. */
export type TeacherKind = "file" | "bootstrap" | "exchange" | "gossip" | "dht" | "link";

/** Who told of a peer. */
export interface ReportedBy {
  readonly kind: TeacherKind;
  /** Peer id of the teller, where there is one. */
  readonly peer?: string;
  /** Where the teller stood when it proved its key and told; not kept. */
  readonly address?: string | undefined;
}

/** What is written of a peer. */
export interface PeerEntry {
  readonly peer: string;
  readonly seq: number;
  readonly issuedAtSec: number;
  readonly expiresAtSec: number;
  /** Where to believe it is. */
  readonly place: PeerPlace;
  readonly roles: readonly string[];
  readonly protocols: readonly string[];
  /** The network of its first endpoint, as `networkPrefix` writes it; `none` for a node without one. */
  readonly prefix: string;
  readonly software: string;
  readonly upMbps?: number;
  readonly downMbps?: number;
  /** When it was heard of. */
  readonly seenMs: number;
  readonly reportedBy: ReportedBy;
  readonly envelope: Uint8Array;
}

/** What was found out about a peer beside what it says. */
export interface PeerRecord {
  readonly firstSeenMs: number;
  /** When somebody last told of it, or it last answered. */
  readonly lastSeenMs: number;
  /** Who told of what is held now. */
  readonly reportedBy: ReportedBy;
  /** When it was last checked, and last answered a check; absent if never. */
  readonly checkedAtMs?: number;
  readonly reachedAtMs?: number;
  /** Of the last check that it answered. */
  readonly rttMs?: number;
  /** Checks that failed since the last one that it answered. */
  readonly failures: number;
  /** Networks of others that named it, two at the most; what they say of it does not matter. Kept by clients only. */
  readonly namedIn: readonly string[];
}

/** A peer as the store holds it. */
export interface StoredPeer extends Omit<PeerEntry, "seenMs">, PeerRecord {
  /** The number drawn for it; queries in random order start at a random one and go up. */
  readonly lot: number;
}

/** Writes a list of words so that one can be found with `instr(list, ' word ')`. */
export function wordsToText(words: readonly string[]): string {
  return words.length === 0 ? "" : ` ${words.join(" ")} `;
}

/** Reads what `wordsToText` wrote. */
export function textToWords(text: string): readonly string[] {
  return text.split(" ").filter((word) => word !== "");
}

/** Reads a row of `peers`. What a damaged file holds comes out as some value of the right type. */
export function rowToPeer(row: StoreRow): StoredPeer {
  const text = (name: string): string => String(row[name] ?? "");
  const number = (name: string): number => Number(row[name] ?? 0);
  const maybe = <K extends string, T>(key: K, name: string, read: (name: string) => T): { readonly [P in K]?: T } =>
    row[name] === null || row[name] === undefined ? {} : ({ [key]: read(name) } as { readonly [P in K]?: T });
  return {
    peer: text("peer"),
    seq: number("seq"),
    issuedAtSec: number("issued_at"),
    expiresAtSec: number("expires_at"),
    place: {
      ...maybe("country", "country", text),
      ...maybe("region", "region", text),
      ...maybe("regionCode", "region_code", text),
      ...maybe("city", "city", text),
      ...maybe("asn", "asn", number),
      ...maybe("provenAsn", "proven_asn", number),
      ...maybe("isp", "isp", text),
      network: text("network") as NetworkKind,
      contradicted: textToWords(text("contradicted")) as readonly ClaimName[],
    },
    roles: textToWords(text("roles")),
    protocols: textToWords(text("protocols")),
    prefix: text("prefix"),
    software: text("software"),
    ...maybe("upMbps", "up_mbps", number),
    ...maybe("downMbps", "down_mbps", number),
    lot: number("lot"),
    firstSeenMs: number("first_seen"),
    lastSeenMs: number("last_seen"),
    reportedBy: { kind: text("told_kind") as TeacherKind, ...maybe("peer", "told_peer", text) },
    ...maybe("checkedAtMs", "checked_at", number),
    ...maybe("reachedAtMs", "reached_at", number),
    ...maybe("rttMs", "rtt_ms", number),
    failures: number("failures"),
    namedIn: textToWords(text("named_in")),
    envelope: row.envelope instanceof Uint8Array ? row.envelope : new Uint8Array(),
  };
}
