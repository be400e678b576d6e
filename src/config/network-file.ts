import { parse } from "smol-toml";
import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { parsePeerAddress } from "../core/peer-address.ts";
import { PROTOCOL_VERSION } from "../core/version.ts";
import type { ConfigFile } from "./sources.ts";

/** What one must know of a network to join it. */
export interface NetworkFile {
  /** Peers of another name are another network: 1 to 32 of `a-z`, `0-9` and `-`. */
  readonly name: string;
  /** Multiaddrs that end in a peer id; at most 64. */
  readonly bootstrap: readonly string[];
  /** Whether its nodes stand at loopback and private addresses. */
  readonly localNetwork: boolean;
  /** Peer ids whose word about other nodes counts from the start; at most 64. */
  readonly trustAnchors: readonly string[];
}

/** The network that peers belong to who name none. */
export const DEFAULT_NETWORK: NetworkFile = { name: "byway", bootstrap: [], localNetwork: false, trustAnchors: [] };

const KEYS = ["name", "protocol", "bootstrap", "local-network", "trust-anchors"] as const;
const MOST_ITEMS = 64;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const PEER_ID = /^(?:k51[0-9a-z]{59}|12D3Koo[0-9A-Za-z]{45})$/;

/**
 * Reads a network file: TOML with the keys `name`, `protocol`, `bootstrap` and, if wanted, `local-network` and
 * `trust-anchors`. Throws ERR_NETWORK_FILE naming the key at fault and what it must be.
 */
export function parseNetworkFile({ path, text }: ConfigFile): NetworkFile {
  const problem = (what: string, cause?: unknown): BywayError =>
    new BywayError("ERR_NETWORK_FILE", `the network file ${path} ${what}`, { data: { path }, cause });
  let table: Readonly<Record<string, unknown>>;
  try {
    table = parse(text);
  } catch (cause) {
    throw problem("is not TOML", cause);
  }
  const known: readonly string[] = KEYS;
  const unknown = Object.keys(table).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw problem(`has no known key ${unknown.slice(0, 64)}; the nearest is ${nearestName(unknown, KEYS).name}`);
  }
  const { name, protocol, "local-network": localNetwork = false } = table;
  if (typeof name !== "string" || !isNetworkName(name)) {
    throw problem("must have a name of 1 to 32 letters a-z, digits and hyphens");
  }
  if (protocol !== PROTOCOL_VERSION) {
    throw problem(`must have protocol = ${PROTOCOL_VERSION}, the version that this program speaks`);
  }
  if (typeof localNetwork !== "boolean") throw problem("must have true or false as local-network");
  const list = (key: (typeof KEYS)[number], form: string, fits: (item: string) => boolean): readonly string[] => {
    const items: unknown = table[key] ?? [];
    const isGood =
      Array.isArray(items) &&
      items.length <= MOST_ITEMS &&
      items.every((item: unknown) => typeof item === "string" && fits(item));
    if (!isGood) throw problem(`must have as ${key} a list of at most ${MOST_ITEMS} items, each ${form}`);
    return items as readonly string[];
  };
  return {
    name,
    bootstrap: list(
      "bootstrap",
      "an address such as /ip4/192.0.2.1/tcp/4433/p2p/12D3Koo…",
      (item) => parsePeerAddress(item) !== undefined,
    ),
    localNetwork,
    trustAnchors: list("trust-anchors", "a peer id", (item) => PEER_ID.test(item)),
  };
}

/** Whether `name` can be that of a network. */
export function isNetworkName(name: string): boolean {
  return NAME.test(name);
}

/** Writes a network file that `parseNetworkFile` reads. */
export function printNetworkFile(network: NetworkFile): string {
  const list = (items: readonly string[]): string => `[${items.map((item) => `\n  "${item}",`).join("")}\n]`;
  return [
    `name = "${network.name}"`,
    `protocol = ${PROTOCOL_VERSION}`,
    `bootstrap = ${list(network.bootstrap)}`,
    `local-network = ${network.localNetwork}`,
    `trust-anchors = ${list(network.trustAnchors)}`,
    "",
  ].join("\n");
}
