import { linkedAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { CheckMode, CheckPeer } from "./check-mode.ts";
import { LIVENESS_LIMITS } from "./limits.ts";

/** What a check came to. */
export interface Asked {
  readonly rttMs: number | undefined;
  /** Somebody accepted a connection. */
  readonly isConnected: boolean;
  /** The peer was asked at all. */
  readonly isAsked: boolean;
}

/** What asking takes. */
export interface AskPeerComponents {
  readonly clock: Clock;
  readonly check: CheckPeer;
  /** Ends what is under way. */
  readonly stopping: AbortSignal;
}

/** Asks a peer once, within a time. Calls `onSlow`, with what ends it, when nobody has connected after a while. Never rejects. */
export async function askPeer(
  { clock, check, stopping }: AskPeerComponents,
  peer: KnownPeer,
  mode: CheckMode,
  onSlow: (giveUp: () => void) => void,
): Promise<Asked> {
  const { checkMs, checkConnectMs } = LIVENESS_LIMITS;
  using limit = linkedAbort(stopping);
  let isConnected = false;
  const giveUp = (): void => limit.abort(new BywayError("ERR_HOP_TIMEOUT", "the node did not answer in time"));
  using _timer = clock.after(checkMs.value, giveUp);
  using _connecting = clock.after(checkConnectMs.value, () => {
    if (!isConnected) onSlow(giveUp);
  });
  try {
    const rttMs = await check(peer, mode, limit.signal, () => (isConnected = true));
    return { rttMs, isConnected: true, isAsked: rttMs !== undefined };
  } catch {
    return { rttMs: undefined, isConnected, isAsked: true };
  }
}
