import { HOUR_MS } from "../core/units.ts";
import type { StoreFile } from "../storage/store-file.ts";
import { PEERS_LIMITS } from "./limits.ts";
import { textToWords } from "./stored-peer.ts";

/** How many valid peers there are of each kind; the rarer names of one kind are summed under `other`. */
export interface PeerCounts {
  readonly peers: number;
  /** Told of, or answered a check, within the last hour. */
  readonly seenLastHour: number;
  /** Answered their last check. */
  readonly reached: number;
  /** Claim a place that own data contradicts. */
  readonly contradicted: number;
  /** Sums of what they claim. */
  readonly upMbps: number;
  readonly downMbps: number;
  readonly countries: ReadonlyMap<string, number>;
  readonly networks: ReadonlyMap<string, number>;
  /** A peer with several roles is counted under each. */
  readonly roles: ReadonlyMap<string, number>;
  readonly software: ReadonlyMap<string, number>;
}

/** Counts the valid peers of a store, in one pass over it. */
export function readPeerCounts(file: StoreFile, nowMs: number): PeerCounts {
  const groups = file.all(
    `SELECT country, network, roles, software, count(*) AS peers, total(last_seen > ?1) AS seen,
       total(reached_at IS NOT NULL AND failures = 0) AS reached, total(contradicted <> '') AS contradicted,
       total(up_mbps) AS up, total(down_mbps) AS down
     FROM peers WHERE expires_at > ?2 GROUP BY country, network, roles, software`,
    Math.floor(nowMs - HOUR_MS),
    Math.floor(nowMs / 1000),
  );
  const sum = (name: string): number => groups.reduce((total, row) => total + Number(row[name] ?? 0), 0);
  const by = (column: string): ReadonlyMap<string, number> =>
    tally(groups.map((row) => [String(row[column] ?? "unknown"), Number(row.peers)]));
  return {
    peers: sum("peers"),
    seenLastHour: sum("seen"),
    reached: sum("reached"),
    contradicted: sum("contradicted"),
    upMbps: sum("up"),
    downMbps: sum("down"),
    countries: by("country"),
    networks: by("network"),
    roles: tally(
      groups.flatMap((row) => textToWords(String(row.roles)).map((word) => [word, Number(row.peers)] as const)),
    ),
    software: by("software"),
  };
}

/** Adds up, the most frequent first, and the rest beyond the bound as one. */
function tally(pairs: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const [name, n] of pairs) all.set(name, (all.get(name) ?? 0) + n);
  const sorted = [...all].toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const kept = new Map(sorted.slice(0, PEERS_LIMITS.countedNames.value));
  const rest = sorted.slice(PEERS_LIMITS.countedNames.value).reduce((total, [, n]) => total + n, 0);
  if (rest > 0) kept.set("other", (kept.get("other") ?? 0) + rest);
  return kept;
}
