import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Random } from "../core/random.ts";
import type { GeoSource } from "../geo/geo-facts.ts";
import type { Identity } from "../identity/identity.ts";
import { createOverlay } from "../overlay/create-overlay.ts";
import type { OverlayServices } from "../overlay/overlay.ts";
import type { OpenedPeers } from "../peers/open-peers.ts";
import { Directory } from "./directory.ts";
import type { DirectoryComponents } from "./directory-options.ts";
import { DIRECTORY_STATE } from "./directory-state.ts";
import { overlayServices } from "./overlay-services.ts";

/** How a peer takes part in the directory. */
export interface DirectorySettings {
  /** The network's name; `byway` when absent. */
  readonly network?: string | undefined;
  /** Multiaddrs of peers to join through, each with a peer id at its end. */
  readonly bootstrap?: readonly string[] | undefined;
  /** The file that keeps what is known; in memory when absent. */
  readonly storePath?: string | undefined;
  /** Address data to hold claims against; claims are believed when absent. */
  readonly geo?: GeoSource | undefined;
}

/** What the composition root adds. */
export interface OpenDirectoryOptions extends Pick<DirectorySettings, "network" | "bootstrap"> {
  readonly localNetwork: boolean;
  /** Multiaddrs at which others reach this node; absent for a client, which nobody dials. */
  readonly announce?: readonly string[] | undefined;
  /** Nodes that nobody has asked for are checked by way of others. Default false. */
  readonly checksFar?: boolean | undefined;
}

/** Makes a directory over libp2p that is not started yet. */
export async function openDirectory(
  components: Pick<DirectoryComponents, "own" | "check" | "onUsable" | "canCheckFar"> &
    Pick<OverlayServices, "seenAt"> &
    Pick<OpenedPeers, "book" | "geo" | "clockWords"> & {
      readonly clock: Clock;
      readonly random: Random;
      readonly logger: Logger;
      /** The key that others know this peer by. */
      readonly identity: Identity;
    },
  options: OpenDirectoryOptions,
): Promise<Directory> {
  const { clock, random, logger, identity, book, geo, own, check, onUsable, canCheckFar, seenAt, clockWords } =
    components;
  const { network = "byway", bootstrap = [], localNetwork, announce, checksFar } = options;
  const served = overlayServices({ clock, random, book, geo, own: () => own?.() }, { localNetwork });
  const services = seenAt === undefined ? served : { ...served, seenAt };
  const overlay = await createOverlay(
    { identity, clock, services },
    {
      mode: announce === undefined ? "client" : "server",
      network,
      localNetwork,
      announce,
    },
  );
  const keepState: DirectoryComponents["keepState"] = (state) => book.keepState(DIRECTORY_STATE, { ...state });
  return new Directory(
    {
      clock,
      random,
      logger,
      book,
      overlay,
      clockWords,
      keepState,
      own,
      check,
      onUsable,
      canCheckFar,
    },
    { bootstrap, localNetwork, checksFar },
  );
}
