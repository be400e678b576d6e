import type { SQLInputValue } from "node:sqlite";
import type { PeerQuery } from "../wire/peer-query.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { isKnownWord, peerTraits } from "./peer-traits.ts";
import { cityKey, type WantedMarks, wantedIsps, wantedRegions } from "./place-marks.ts";

/** Which stored peers a query looks at. */
export interface QueryBounds {
  /** `valid`: not expired. `expired`: the rest. */
  readonly state: "valid" | "expired";
  readonly nowSec: number;
  /** Peers with this many failed checks in a row, or more, are left out for an hour; absent leaves none out. */
  readonly maxFailures?: number | undefined;
}

/** A condition in SQL and the values of its question marks. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** One walk over an index: every row that fits lies in exactly one of a query's walks. */
export interface Walk extends Condition {
  readonly index: "peers_lot" | "peers_country" | "peers_asn" | "peers_city";
}

/**
 * The ways to find what fits a query: a walk for each AS, for each city or for each country that it names, or one over all.
 * Any of them will do; where there are several, the shortest is the one to take. None where the query names peers: they are
 * found by name. Each value is walked once, however often the query repeats it.
 */
export function waysOf({ peers, asns, cities, countries }: PeerQuery): readonly (readonly Walk[])[] {
  if (peers !== undefined) return [];
  const ways: (readonly Walk[])[] = [];
  const add = (index: Walk["index"], column: string, wanted: readonly SQLInputValue[] | undefined): void => {
    if (wanted !== undefined) {
      ways.push([...new Set(wanted)].map((value) => ({ index, sql: `${column} = ?`, values: [value] })));
    }
  };
  add("peers_asn", "asn", asns);
  add("peers_city", "city_key", cities?.map(cityKey));
  add("peers_country", "country", countries);
  return ways.length > 0 ? ways : [[{ index: "peers_lot", sql: "true", values: [] }]];
}

/** The whole query as one condition. A list that is there and empty fits nothing. */
export function conditionOf(query: PeerQuery, bounds: QueryBounds): Condition {
  const parts: string[] = [bounds.state === "valid" ? "expires_at > ?" : "expires_at <= ?"];
  const values: SQLInputValue[] = [bounds.nowSec];
  if (bounds.maxFailures !== undefined) {
    // One that was down for a while is asked again some time, else it would stay out as long as it renews what it says.
    parts.push("(failures < ? OR checked_at < ?)");
    values.push(bounds.maxFailures, bounds.nowSec * 1_000 - PEERS_LIMITS.failedPauseMaxMs.value);
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
  const marked = ({ traits, marks, marksIn }: WantedMarks): void => {
    if (traits !== undefined) {
      parts.push("traits & ? > 0");
      values.push(traits);
    }
    const has = (hex: string): string => `instr(place_marks, unhex(${hex})) > 0`;
    parts.push(`(EXISTS (SELECT 1 FROM json_each(?) WHERE ${has("value")}) OR EXISTS
      (SELECT 1 FROM json_each(?) WHERE country = substr(value, 1, 2) AND ${has("substr(value, 3)")}))`);
    values.push(JSON.stringify(marks), JSON.stringify(marksIn));
  };
  const { roles = [], protocols = [], networks, cities, regions, isps } = query;
  const all = peerTraits({ roles, protocols });
  if (all > 0) {
    parts.push("traits & ? = ?");
    values.push(all, all);
  }
  if (networks !== undefined) {
    parts.push("traits & ? > 0");
    values.push(networks.reduce((bits, network) => bits | peerTraits({ network }), 0));
  }
  if (query.peers !== undefined) {
    parts.push("substr(peer, -20) IN (SELECT substr(value, -20) FROM json_each(?))");
    values.push(JSON.stringify(query.peers));
  }
  oneOf("peer", query.peers);
  oneOf("asn", query.asns);
  oneOf("country", query.countries);
  oneOf("city_key", cities?.map(cityKey));
  if (regions !== undefined) marked(wantedRegions(regions));
  if (isps !== undefined) marked(wantedIsps(isps));
  allOf("roles", roles);
  allOf("protocols", protocols);
  return { sql: parts.join(" AND "), values };
}
