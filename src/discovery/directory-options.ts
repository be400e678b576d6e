import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Random } from "../core/random.ts";
import type { CheckPeer } from "../liveness/check-mode.ts";
import type { Overlay } from "../overlay/overlay.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import type { ClockWords } from "../peers/clock-words.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import type { DirectoryState } from "./directory-state.ts";

/** What a directory is made of. */
export interface DirectoryComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Belongs to the caller, who closes it after `stop`. */
  readonly book: PeerBook;
  /** Started and stopped by the directory. */
  readonly overlay: Overlay;
  /** Told what those who answer show of the time. */
  readonly clockWords?: ClockWords | undefined;
  /** How to find out whether a node answers; a node relies on nobody and needs none. */
  readonly check?: CheckPeer | undefined;
  /** Whether there are nodes now to check others through. */
  readonly canCheckFar?: (() => boolean) | undefined;
  /** This peer as it advertises itself; absent for a client. */
  readonly own?: (() => KnownPeer) | undefined;
  /**
   * Told once of each change of the nodes that answer: one that does now, or whose advertisement or round trip has changed
   * since (true), and one that does no longer (false). Never after `stop`.
   */
  readonly onUsable?: ((peer: BookPeer, usable: boolean) => void) | undefined;
  /** Told now and then how things are, for others to read. */
  readonly keepState?: ((state: DirectoryState) => void) | undefined;
}

/** How a directory is run. */
export interface DirectoryOptions {
  /** Multiaddrs that end in a peer id. */
  readonly bootstrap: readonly string[];
  readonly localNetwork: boolean;
  /** Nodes that nobody has asked for are checked by way of others. Default false. */
  readonly checksFar?: boolean | undefined;
}
