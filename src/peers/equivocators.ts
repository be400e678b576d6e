import type { Clock } from "../core/clock.ts";
import type { BywayError } from "../core/errors.ts";
import { equivocationError } from "./equivocation.ts";
import { PEERS_LIMITS } from "./limits.ts";
import type { PeerStore } from "./peer-store.ts";
import type { StoredPeer } from "./stored-peer.ts";

/** The peers that signed two advertisements with one number, with the proof. */
export class Equivocators {
  readonly #store: Pick<PeerStore, "equivocation" | "keepEquivocation">;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(components: {
    readonly store: Pick<PeerStore, "equivocation" | "keepEquivocation">;
    readonly clock: Pick<Clock, "nowMs">;
  }) {
    this.#store = components.store;
    this.#clock = components.clock;
  }

  /** Throws ERR_ADVERTISEMENT_EQUIVOCATION for one of them. */
  check(peer: string): void {
    if (this.#store.equivocation(peer) !== undefined) throw equivocationError(peer);
  }

  /** Keeps the proof that `envelope` is beside what is held of the peer, which goes; returns the error that says so. */
  found(held: StoredPeer, envelope: Uint8Array): BywayError {
    const nowMs = this.#clock.nowMs();
    const known = Math.max(0, nowMs - held.firstSeenMs);
    this.#store.keepEquivocation({
      peer: held.peer,
      foundAtMs: nowMs,
      // A fresh key costs nothing and is worth nothing: forgetting one that was known for long would be the loss.
      standing: held.reachedAtMs === undefined ? known : known + PEERS_LIMITS.equivocatorMs.value,
      proof: [held.envelope, envelope],
    });
    return equivocationError(held.peer);
  }
}
