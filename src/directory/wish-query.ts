import type { SQLInputValue } from "node:sqlite";
import type { PeerWish } from "../wire/peer-wish.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import { isKnownWord, peerTraits } from "./peer-traits.ts";

/** What a query asks beside the wish. */
export interface WishBounds {
  /** `valid`: not expired. `expired`: the rest. */
  readonly state: "valid" | "expired";
  readonly nowSec: number;
  /** Peers with this many failed checks in a row, or more, are left out for an hour; absent leaves none out. */
  readonly maxFailures?: number;
}

/** A condition in SQL and the values of its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** One walk over an index: every row that fits lies in exactly one of a wish's walks. */
export interface Walk extends Condition {
  readonly index: "peers_lot" | "peers_country" | "peers_asn";
}

/**
 * The walks that find what fits a wish: one for each AS or country asked for, or one over all. Empty where the wish
 * names peers: they are found by name. Each value is walked once, however often the wish repeats it.
 */
export function walksOf(wish: PeerWish): readonly Walk[] {
  if (wish.peers !== undefined) return [];
  if (wish.asns !== undefined) {
    return [...new Set(wish.asns)].map((asn) => ({ index: "peers_asn", sql: "asn = ?", values: [asn] }));
  }
  if (wish.countries !== undefined) {
    const countries = [...new Set(wish.countries)];
    return countries.map((country) => ({ index: "peers_country", sql: "country = ?", values: [country] }));
  }
  return [{ index: "peers_lot", sql: "true", values: [] }];
}

/** The whole wish as one condition. A list that is there and empty fits nothing. */
export function conditionOf(wish: PeerWish, bounds: WishBounds): Condition {
  const parts: string[] = [bounds.state === "valid" ? "expires_at > ?" : "expires_at <= ?"];
  const values: SQLInputValue[] = [bounds.nowSec];
  if (bounds.maxFailures !== undefined) {
    // One that was down for a while is asked again some time, else it would stay out as long as it renews what it says.
    parts.push("(failures < ? OR checked_at < ?)");
    values.push(bounds.maxFailures, bounds.nowSec * 1_000 - DIRECTORY_LIMITS.failedPauseMaxMs.value);
  }
  const oneOf = (column: string, wanted: readonly SQLInputValue[] | undefined): void => {
    if (wanted === undefined) return;
    // A JSON list in one value: the statement stays the same however long the list is.
    parts.push(`${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(wanted));
  };
  const allOf = (column: "roles" | "protocols", wanted: readonly string[]): void => {
    for (const word of wanted.filter((one) => !isKnownWord(column, one))) {
      parts.push(`instr(${column}, ?) > 0`);
      values.push(` ${word} `);
    }
  };
  const { roles = [], protocols = [], networks } = wish;
  const all = peerTraits({ roles, protocols });
  if (all > 0) {
    parts.push("traits & ? = ?");
    values.push(all, all);
  }
  if (networks !== undefined) {
    parts.push("traits & ? > 0");
    values.push(networks.reduce((bits, network) => bits | peerTraits({ network }), 0));
  }
  if (wish.peers !== undefined) {
    parts.push("substr(peer, -20) IN (SELECT substr(value, -20) FROM json_each(?))");
    values.push(JSON.stringify(wish.peers));
  }
  oneOf("peer", wish.peers);
  oneOf("asn", wish.asns);
  oneOf("country", wish.countries);
  allOf("roles", roles);
  allOf("protocols", protocols);
  return { sql: parts.join(" AND "), values };
}
