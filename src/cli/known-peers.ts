import { readdirSync } from "node:fs";
import { isNetworkName } from "../config/network-file.ts";
import type { Settings } from "../config/schema.ts";
import type { Logger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import { DIRECTORY_STATE } from "../discovery/directory-state.ts";
import type { OpenedPeers, OpenPeersOptions } from "../peers/open-peers.ts";
import { networkPart, storeFile } from "./directory-settings.ts";
import { CLI_LIMITS } from "./limits.ts";
import { readDirectoryState } from "./network-report.ts";
import type { Terminal } from "./terminal.ts";

/** What a command may look at without taking part in the network. */
export interface KnownPeers {
  /** The network that is looked at. */
  readonly network: string;
  /** Undefined where no `byway up` or `byway node` has run in this network with this data directory yet. */
  readonly peers: OpenedPeers | undefined;
  /** A sentence for people where it is not plain which network this is; undefined elsewhere. */
  readonly remark: string | undefined;
}

/** Where to look. */
export interface KnownPeersPlace {
  readonly values: Settings & Parameters<typeof networkPart>[0];
  readonly logger: Logger;
  /** The network that the command line names. */
  readonly networkName?: string | undefined;
}

/**
 * Runs `look` on what this data directory's `byway up` and `byway node` know, whether they run or not. A network that is
 * named counts: by `networkName`, else by a network file in the settings. Otherwise it is the one that ran here last.
 * Throws ERR_STORE.
 */
export async function withKnownPeers(
  terminal: Pick<Terminal, "clock">,
  { values, logger, networkName }: KnownPeersPlace,
  look: (known: KnownPeers) => void,
): Promise<void> {
  const { name: usual, directory } = await networkPart(values, logger);
  const { openPeers } = await import("../peers/open-peers.ts");
  const open = (network: string): OpenedPeers => {
    // What was let in is shown, whatever kind of network this command line names.
    const options: OpenPeersOptions = { ...directory, storePath: storeFile(values.data, network), localNetwork: true };
    return openPeers({ clock: terminal.clock, random: systemRandom, logger }, options);
  };
  const stored = storedNetworks(values.data);
  const named = networkName ?? (values["network-file"] === undefined ? undefined : usual);
  const network = named ?? lastUsed([usual, ...stored], stored, open) ?? usual;
  const peers = stored.includes(network) ? open(network) : undefined;
  try {
    const others = stored.filter((other) => other !== network);
    look({ network, peers, remark: remark({ network, usual: named ?? usual, isHere: peers !== undefined, others }) });
  } finally {
    peers?.stop();
  }
}

/** Of the stored networks among `names`, the one whose directory was at work last; the first where nothing tells. */
function lastUsed(
  names: readonly string[],
  stored: readonly string[],
  open: (network: string) => OpenedPeers,
): string | undefined {
  const candidates = [...new Set(names)].filter((name) => stored.includes(name));
  if (candidates.length < 2) return candidates[0];
  let best: { readonly name: string; readonly atSec: number } | undefined;
  for (const name of candidates) {
    const peers = open(name);
    const atSec = readDirectoryState(peers.store.readState(DIRECTORY_STATE))?.atSec ?? 0;
    peers.stop();
    if (best === undefined || atSec > best.atSec) best = { name, atSec };
  }
  return best?.name;
}

function remark(found: {
  readonly network: string;
  readonly usual: string;
  readonly isHere: boolean;
  readonly others: readonly string[];
}): string | undefined {
  const { network, usual, isHere, others } = found;
  const shown = isHere ? `This is the network ${network}` : `The network ${network} has not run here yet`;
  const why = network === usual ? "" : `, which ran here last; the settings name ${usual}`;
  if (others.length === 0) return why === "" ? undefined : `${shown}${why}.`;
  return `${shown}${why}. This data directory also has: ${others.join(", ")}. Choose with --network-name NAME.`;
}

const STORE = /^peers-(.+)\.sqlite$/;

/** The networks of which a data directory keeps peers, by name; none where it cannot be read. */
function storedNetworks(dataDirectory: string): readonly string[] {
  let files: readonly string[];
  try {
    files = readdirSync(dataDirectory);
  } catch {
    return [];
  }
  return files
    .map((file) => STORE.exec(file)?.[1] ?? "")
    .filter(isNetworkName)
    .sort()
    .slice(0, CLI_LIMITS.storedNetworks.value);
}
