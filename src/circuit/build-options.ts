import type { BywayError } from "../core/errors.ts";
import type { PeerId } from "../identity/peer-id.ts";

/** A hop that building waits for. */
export interface HopWait {
  readonly peerId: PeerId;
  readonly isExit: boolean;
  /** How long nearly all hops at its place took, in ms. */
  readonly expectedMs: number;
}

/** What one circuit must be like. */
export interface BuildOptions {
  /** Peers that must not be in it. */
  readonly failed?: ReadonlySet<string>;
  /** The only exit that will do. */
  readonly exit?: PeerId | undefined;
  /** Exits to take only where no other one fits. */
  readonly avoid?: readonly PeerId[] | undefined;
  /** Told of each peer that failed in it. */
  readonly onFailed?: ((peerId: PeerId, error: BywayError) => void) | undefined;
  /** Told of each hop that is waited for when that begins. */
  readonly onWaiting?: (wait: HopWait) => void;
  readonly signal?: AbortSignal | undefined;
}
