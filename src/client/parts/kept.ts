import type { Parts } from "../../core/parts.ts";
import { type OpenedPeers, openPeers } from "../../peers/open-peers.ts";
import { PeerFiles } from "../../peers/peer-files.ts";
import { GuardSet } from "../../routing/guard-set.ts";
import { SessionTable } from "../../routing/session-table.ts";
import { RecordFile } from "../../storage/record-file.ts";
import { MemoryRecords, type RecordKeeper } from "../../storage/record-keeper.ts";
import { SettledClock } from "../../storage/settled-clock.ts";
import { OwnExperience } from "../../trust/own-experience.ts";
import type { ClientOptions } from "../client-options.ts";
import type { ClientBase } from "./client-base.ts";

/** What a client keeps over restarts. */
export interface KeptState {
  readonly peers: OpenedPeers;
  readonly records: RecordKeeper;
  readonly experience: OwnExperience;
  readonly guards: GuardSet;
  readonly sessions: SessionTable;
}

/** Opens the files and adds them to `parts`. Throws ERR_STORE. */
export function openKept(parts: Parts, base: ClientBase, options: ClientOptions): KeptState {
  const { clock, random, logger, localNetwork } = base;
  const peers = parts.add("peers", openPeers({ clock, random, logger }, { ...options.directory, localNetwork }));
  const records =
    options.recordsPath === undefined
      ? new MemoryRecords()
      : parts.add("records", new RecordFile({ clock, logger }, { path: options.recordsPath }));
  parts.add("peers files", new PeerFiles({ clock, logger, book: peers.book }, options.peerFiles ?? []));
  // A moment of a wrong clock must not cost guards that were kept for weeks, or what was learned of nodes.
  const settled = parts.add("settled clock", new SettledClock({ clock, records }));
  return {
    peers,
    records,
    experience: new OwnExperience({ clock: settled, records }),
    guards: new GuardSet({ clock: settled, random, records }),
    sessions: new SessionTable({ clock, settled, records }),
  };
}
