import { existsSync } from "node:fs";
import type { Settings } from "../config/schema.ts";
import type { Logger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import type { OpenedPeers } from "../directory/open-peers.ts";
import { networkPart, storeFile } from "./directory-settings.ts";
import type { Terminal } from "./terminal.ts";

/** What a command may look at without taking part in the network. */
export interface KnownPeers {
  readonly network: string;
  readonly localNetwork: boolean;
  /** Undefined where no `byway up` or `byway node` has run with this data directory yet. */
  readonly peers: OpenedPeers | undefined;
}

type Needed = Parameters<typeof networkPart>[0];

/** Runs `look` on what this data directory's `byway up` and `byway node` know, whether they run or not. Throws ERR_STORE. */
export async function withKnownPeers(
  terminal: Terminal,
  { values, logger }: { readonly values: Settings & Needed; readonly logger: Logger },
  look: (known: KnownPeers) => void,
): Promise<void> {
  const { name, localNetwork, directory } = await networkPart(values, logger);
  const { openPeers } = await import("../directory/open-peers.ts");
  // What was let in is shown, whatever kind of network this command line names.
  const peers = existsSync(storeFile(values.data, name))
    ? openPeers({ clock: terminal.clock, random: systemRandom, logger }, { ...directory, localNetwork: true })
    : undefined;
  try {
    look({ network: name, localNetwork, peers });
  } finally {
    peers?.stop();
  }
}
