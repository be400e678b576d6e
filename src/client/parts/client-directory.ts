import type { Directory } from "../../discovery/directory.ts";
import { openDirectory } from "../../discovery/open-directory.ts";
import { checkFar } from "../../dispatch/check-far.ts";
import type { SearchMemory } from "../../dispatch/search-memory.ts";
import { generateIdentity } from "../../identity/identity.ts";
import { parsePeerId } from "../../identity/peer-id.ts";
import { checkPeer } from "../../link/check-peer.ts";
import { firstHopWays } from "../../link/way-kinds.ts";
import type { OpenedPeers } from "../../peers/open-peers.ts";
import type { ClientOptions } from "../client-options.ts";
import type { ClientCircuits } from "./circuits.ts";
import type { ClientBase } from "./client-base.ts";

/** What a client finds nodes by; undefined where it knows only those that its owner hands in. */
export async function openClientDirectory(
  base: ClientBase,
  components: { readonly peers: OpenedPeers; readonly circuits: ClientCircuits; readonly searches: SearchMemory },
  options: ClientOptions,
): Promise<Directory | undefined> {
  if (options.directory === undefined) return undefined;
  const { clock, random, logger, budget, dialler, allowClassical, localNetwork } = base;
  const { peers, searches, circuits } = components;
  const { candidates, builder, planner } = circuits;
  const directory = await openDirectory(
    {
      clock,
      random,
      logger,
      ...peers,
      // A new one each time, so that nobody knows the client again.
      identity: generateIdentity(),
      check: (known, mode, signal, onConnected) => {
        if (mode.isFar) return checkFar({ clock, random, builder, planner }, known, signal, onConnected);
        const { advertisement } = known;
        const peerId = parsePeerId(advertisement.peer);
        const target = { peerId, ways: firstHopWays(advertisement), allowClassical, ...mode, onConnected };
        return checkPeer({ clock, budget, dialler }, target, signal);
      },
      canCheckFar: () => planner.firstHops().length > 0,
      onUsable: (peer, usable) => {
        if (candidates.noteUsable(peer, usable)) searches.noteNode(peer);
      },
    },
    { ...options.directory, localNetwork, checksFar: (options.hops ?? 1) > 1 },
  );
  candidates.follow(directory);
  return directory;
}
