import type { JsonValue } from "../core/errors.ts";
import type { DirectoryState } from "../discovery/directory-state.ts";
import type { PeerCounts } from "../peers/peer-counts.ts";
import { jsonLine } from "./json-line.ts";
import { age } from "./text-table.ts";

/** How the network looks from here. */
export interface NetworkView {
  readonly network: string;
  readonly counts: PeerCounts;
  /** What a running `byway up` or `byway node` last wrote down; undefined if none ever did. */
  readonly state: DirectoryState | undefined;
  /** Advertisements and messages that were refused so far, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Reads what the directory kept of itself; undefined for anything else. */
export function readDirectoryState(value: JsonValue | undefined): DirectoryState | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { atSec, connections, usable, estimatedPeers } = value as { readonly [K in keyof DirectoryState]?: unknown };
  if (typeof atSec !== "number" || typeof connections !== "number" || typeof usable !== "number") return undefined;
  return { atSec, connections, usable, ...(typeof estimatedPeers === "number" ? { estimatedPeers } : {}) };
}

/** The share of the network that is known here, 0 to 1; undefined where nobody can tell how large it is. */
function completeness({ counts, state }: NetworkView): number | undefined {
  const whole = estimated({ counts, state });
  return whole === undefined || whole < 1 ? undefined : counts.peers / whole;
}

/** How many nodes there are, by the DHT's estimate, and as many as are known here at the least. */
function estimated({ counts, state }: Pick<NetworkView, "counts" | "state">): number | undefined {
  const { estimatedPeers } = state ?? {};
  return estimatedPeers === undefined ? undefined : Math.max(counts.peers, Math.round(estimatedPeers));
}

/** The view for people. */
export function networkText(view: NetworkView, nowMs: number): string {
  const { counts, state, refused } = view;
  const share = completeness(view);
  const list = (sums: ReadonlyMap<string, number>): string =>
    [...sums].map(([name, count]) => `${name} ${count}`).join(", ") || "-";
  const refusals = Object.entries(refused).filter(([, count]) => count > 0);
  const running =
    state === undefined
      ? "nothing has run here yet"
      : `${state.connections} connections, ${state.usable} nodes checked and usable, ${age(state.atSec * 1000, nowMs)} ago`;
  const whole =
    share === undefined
      ? "unknown: too few peers of the DHT are known to estimate it"
      : `about ${Math.round(share * 100)} % of an estimated ${estimated(view)} nodes`;
  return [
    `network       ${view.network}`,
    `known nodes   ${counts.peers}; ${counts.seenLastHour} seen in the last hour, ${counts.reached} answered their last check`,
    `this view     ${whole}`,
    `this peer     ${running}`,
    `countries     ${list(counts.countries)}`,
    `networks      ${list(counts.networks)}`,
    `roles         ${list(counts.roles)}`,
    `versions      ${list(counts.software)}`,
    `capacity      ${counts.downMbps} Mbit/s down, ${counts.upMbps} up, as claimed`,
    `false claims  ${counts.contradicted} nodes claim a place that the address data contradicts`,
    `refused       ${refusals.map(([reason, count]) => `${reason} ${count}`).join(", ") || "nothing"}`,
    "",
  ].join("\n");
}

/** The view for programs. */
export function networkJson(view: NetworkView): string {
  const { counts, state, refused, network } = view;
  const { countries, networks, roles, software, ...sums } = counts;
  return jsonLine({
    network,
    ...sums,
    countries: Object.fromEntries(countries),
    networks: Object.fromEntries(networks),
    roles: Object.fromEntries(roles),
    software: Object.fromEntries(software),
    completeness: completeness(view) ?? null,
    state: state ?? null,
    byway_directory_rejected_total: refused,
  });
}
