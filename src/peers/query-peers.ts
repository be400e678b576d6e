import type { SQLInputValue } from "node:sqlite";
import type { Random } from "../core/random.ts";
import type { StoreFile, StoreRow } from "../storage/store-file.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { fitsNames } from "./fits-query.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { type Condition, conditionOf, type QueryBounds, type Walk, waysOf } from "./query-conditions.ts";
import { rowToPeer, type StoredPeer } from "./stored-peer.ts";

/** Which of the peers that fit come first. */
export type PeerOrder = "random" | "reached" | "answered" | "recent";

/** How a store chooses among the peers that fit a query. */
export interface QueryOptions {
  readonly limit: number;
  /**
   * `random`: any, each query others. `reached`: those that answered their last check, the latest first, then any.
   * `answered`: as `reached`, and none that did not answer. `recent`: those told of last; looks at all that fit, so not for every request.
   */
  readonly order: PeerOrder;
  /** Peer ids to leave out. */
  readonly except?: ReadonlySet<string> | undefined;
  /** Peers with this many failed checks in a row, or more, are left out for an hour; absent leaves none out. */
  readonly maxFailures?: number | undefined;
  /** Valid ones, or those that have expired. Default valid. */
  readonly state?: QueryBounds["state"] | undefined;
  /** About how many rows may be looked at for a region or a provider, which have no index; then some that fit are missed. */
  readonly mostRead?: number | undefined;
}

/** Lots are drawn from 0 up to this. */
export const LOTS: number = 2 ** 32;

/** The peers that a store finds for a query. */
export function queryPeers(
  file: StoreFile,
  query: PeerQuery,
  options: QueryOptions,
  nowSec: number,
  random: Random,
): readonly StoredPeer[] {
  const { limit, order, except, maxFailures, state = "valid", mostRead } = options;
  if (limit <= 0) return [];
  const bounds = { state, nowSec, maxFailures };
  const condition = conditionOf(query, bounds);
  const leftOut = new Set(except);
  const found: StoredPeer[] = [];
  const take = (rows: readonly StoreRow[]): void => {
    for (const row of rows) {
      const peer = rowToPeer(row);
      if (found.length >= limit || leftOut.has(peer.peer)) continue;
      // They were found by hashes, which somebody may have made to collide.
      if (!fitsNames(peer.place, query)) continue;
      leftOut.add(peer.peer);
      found.push(peer);
    }
  };
  const most = limit + leftOut.size;
  if (order === "recent") take(recent(file, condition, most));
  if (order === "reached" || order === "answered") take(reached(file, query, condition, most));
  if (order === "recent" || order === "answered" || found.length >= limit) return found;
  const ids = drawn(candidates(file, query, condition, { ...bounds, mostRead }, most + found.length, random), random);
  for (let at = 0; at < ids.length && found.length < limit; at += limit) {
    take(file.all(BY_IDS, JSON.stringify(ids.slice(at, at + limit))));
  }
  return found;
}

/** How many valid peers fit a query. */
export function countPeers(file: StoreFile, query: PeerQuery, nowSec: number): number {
  const { sql, values } = conditionOf(query, { state: "valid", nowSec });
  const count = (source: string, ...more: SQLInputValue[]): number =>
    Number(file.get(`SELECT count(*) AS n FROM peers ${source} AND ${sql}`, ...more, ...values)?.n ?? 0);
  if (query.peers !== undefined) return count("INDEXED BY peers_peer WHERE true");
  if (Object.keys(query).length === 0) return count("INDEXED BY peers_expires WHERE true");
  return shortestWay(file, query).reduce(
    (sum, walk) => sum + count(`INDEXED BY ${walk.index} WHERE ${walk.sql}`, ...walk.values),
    0,
  );
}

/** The walks to take for a query. */
function shortestWay(file: StoreFile, query: PeerQuery): readonly Walk[] {
  const [first = [], ...others] = waysOf(query);
  if (others.length === 0) return first;
  const { value: most } = PEERS_LIMITS.comparedRows;
  let [shortest, least] = [first, lengthOf(file, first, most)];
  for (const way of others) {
    const length = lengthOf(file, way, most);
    if (length < least) [shortest, least] = [way, length];
  }
  return shortest;
}

/** How many rows the walks go past; counted to the bound of each. */
function lengthOf(file: StoreFile, way: readonly Walk[], most: number): number {
  const count = ({ index, sql, values }: Walk): number => {
    const rows = `SELECT 1 FROM peers INDEXED BY ${index} WHERE ${sql} LIMIT ?`;
    return Number(file.get(`SELECT count(*) AS n FROM (${rows})`, ...values, most)?.n ?? 0);
  };
  return way.reduce((sum, walk) => sum + count(walk), 0);
}

// A CROSS JOIN is done in the order in which it is written: that of the ids.
const BY_IDS = "SELECT peers.* FROM json_each(?) AS wanted CROSS JOIN peers ON peers.id = wanted.value";

const REACHED: Readonly<Record<Walk["index"], string>> = {
  peers_asn: "peers_asn",
  peers_city: "peers_city",
  peers_country: "peers_reached_country",
  peers_lot: "peers_reached",
};

function recent(file: StoreFile, { sql, values }: Condition, most: number): readonly StoreRow[] {
  return file.all(`SELECT * FROM peers WHERE ${sql} ORDER BY last_seen DESC LIMIT ?`, ...values, most);
}

function reached(file: StoreFile, query: PeerQuery, { sql, values }: Condition, most: number): readonly StoreRow[] {
  const from = (index: string, part: string, ...more: readonly SQLInputValue[]): readonly StoreRow[] =>
    file.all(
      `SELECT * FROM peers INDEXED BY ${index} WHERE ${part} AND reached_at IS NOT NULL AND failures = 0 AND ${sql}
       ORDER BY reached_at DESC LIMIT ?`,
      ...more,
      ...values,
      most,
    );
  if (query.peers !== undefined) return from("peers_peer", "true");
  const walks = shortestWay(file, query);
  const rows = walks.flatMap((walk) => from(REACHED[walk.index], walk.sql, ...walk.values));
  return walks.length === 1 ? rows : rows.toSorted((a, b) => Number(b.reached_at) - Number(a.reached_at));
}

/**
 * Ids of peers that fit: at least `most` if there are as many. More than are wanted, since the lots never change: of few
 * peers, one that comes after a wide gap would be the first one found far too often.
 */
function candidates(
  file: StoreFile,
  query: PeerQuery,
  condition: Condition,
  bounds: QueryBounds & { readonly mostRead: number | undefined },
  most: number,
  random: Random,
): readonly number[] {
  const ids = (rows: readonly StoreRow[]): readonly number[] => rows.map((row) => Number(row.id));
  const { sql, values } = condition;
  if (query.peers !== undefined)
    return ids(file.all(`SELECT id FROM peers INDEXED BY peers_peer WHERE ${sql} LIMIT ?`, ...values, most));
  const few = fewValid(file, bounds);
  if (few !== undefined) {
    const source = "SELECT id FROM peers INDEXED BY peers_expires WHERE expires_at > ?";
    return ids(file.all(`${source} AND ${sql} LIMIT ?`, bounds.nowSec, ...values, few));
  }
  const walks = shortestWay(file, query);
  const start = Math.floor(random.float() * LOTS);
  const away = (row: StoreRow): number => (Number(row.lot) - start + LOTS) % LOTS;
  const wide = Math.max(most, PEERS_LIMITS.drawnFrom.value);
  const isRead = query.regions !== undefined || query.isps !== undefined;
  const share = isRead && bounds.mostRead !== undefined ? shareOf(file, walks, bounds.mostRead) : 1;
  const width = Math.ceil(LOTS * share);
  const rows = walks.flatMap((walk) => walked(file, walk, condition, wide, { start, width }));
  return ids(walks.length === 1 ? rows : rows.toSorted((a, b) => away(a) - away(b)).slice(0, wide));
}

/** How many valid peers there are, if they are few: then walking past all that expired would be the long way. */
function fewValid(file: StoreFile, { state, nowSec }: QueryBounds): number | undefined {
  if (state !== "valid") return undefined;
  const most = PEERS_LIMITS.drawnFrom.value;
  const sql = `SELECT count(*) AS n FROM (SELECT 1 FROM peers INDEXED BY peers_expires WHERE expires_at > ? LIMIT ?)`;
  const few = Number(file.get(sql, nowSec, most)?.n ?? 0);
  return few < most ? few : undefined;
}

/** Which part of the lots to walk so that about `most` rows are looked at. */
function shareOf(file: StoreFile, walks: readonly Walk[], most: number): number {
  if (lengthOf(file, walks, most) < most) return 1;
  return Math.min(1, most / Number(file.get("SELECT count(*) AS n FROM peers")?.n ?? 0));
}

/** Ids and lots from a random lot upwards and round the end. */
function walked(
  file: StoreFile,
  walk: Walk,
  condition: Condition,
  most: number,
  { start, width }: { start: number; width: number },
): readonly StoreRow[] {
  const from = (first: number, end: number, limit: number): readonly StoreRow[] =>
    file.all(
      // Named, since without statistics the planner may take the index of expiry and sort.
      `SELECT id, lot FROM peers INDEXED BY ${walk.index} WHERE ${walk.sql} AND lot >= ? AND lot < ? AND ${condition.sql}
       ORDER BY lot LIMIT ?`,
      ...walk.values,
      first,
      end,
      ...condition.values,
      limit,
    );
  const upwards = from(start, Math.min(LOTS, start + width), most);
  const left = most - upwards.length;
  return left <= 0 ? upwards : [...upwards, ...from(0, start + width - LOTS, left)];
}

/** The same ids in random order. */
function drawn(ids: readonly number[], random: Random): readonly number[] {
  const left = [...ids];
  for (let at = left.length - 1; at > 0; at--) {
    const other = Math.floor(random.float() * (at + 1));
    const [a, b] = [left[at], left[other]];
    if (a !== undefined && b !== undefined) [left[at], left[other]] = [b, a];
  }
  return left;
}
