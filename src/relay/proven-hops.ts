import type { Duplex } from "node:stream";
import { deadline, withAbort } from "../core/abort.ts";
import type { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import { openLink } from "../link/open-link.ts";
import { RELAY_LIMITS } from "./limits.ts";

/** Dials an IP endpoint of a node, under the node's address guard; failures are hop errors. */
export interface HopDialler {
  dialHop(endpoint: HostPort, signal: AbortSignal): Promise<Duplex>;
}

/** How much getting to know is done at once; the default is in `limits.ts`. */
export interface ProvenHopsOptions {
  readonly maxPendingProofs?: number;
}

/**
 * Which endpoints have proved that the peer they are advertised for answers there.
 *
 * Anybody can sign an advertisement with a fresh key and name any server in it. So before the relay carries anything to
 * an endpoint for the first time, it opens a link of its own to it and checks the key; a server that is no node of
 * that key cannot pass. Proofs are kept for a while, and concurrent askers share one.
 */
export class ProvenHops {
  readonly #clock: Clock;
  readonly #budget: ByteBudget;
  readonly #dialler: HopDialler;
  readonly #maxPending: number;
  /** When each proof ends, oldest first. */
  readonly #provenUntilMs = new Map<string, number>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(components: { clock: Clock; budget: ByteBudget; dialler: HopDialler }, options: ProvenHopsOptions = {}) {
    this.#maxPending = options.maxPendingProofs ?? RELAY_LIMITS.pendingProofs.value;
    this.#clock = components.clock;
    this.#budget = components.budget;
    this.#dialler = components.dialler;
  }

  /** Settles once `peerId` is known to answer at `endpoint`. Throws what dialling or `openLink` throws, or ERR_STREAM_LIMIT. */
  async prove(peerId: string, endpoint: HostPort, signal: AbortSignal): Promise<void> {
    const key = `${peerId}@${formatHostPort(endpoint)}`;
    if ((this.#provenUntilMs.get(key) ?? 0) > this.#clock.monotonicMs()) return;
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      if (this.#pending.size >= this.#maxPending) {
        throw new BywayError("ERR_STREAM_LIMIT", "this relay is getting to know too many nodes at once");
      }
      pending = this.#meet(peerId, endpoint).finally(() => this.#pending.delete(key));
      this.#pending.set(key, pending);
      pending.then(
        () => this.#remember(key),
        () => {},
      );
    }
    await withAbort(pending, signal);
  }

  async #meet(peerId: string, endpoint: HostPort): Promise<void> {
    using limit = deadline(
      this.#clock,
      RELAY_LIMITS.proofMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", "the next hop did not answer"),
    );
    const raw = await this.#dialler.dialHop(endpoint, limit.signal);
    // Whether the key exchange is strong enough is for the client to say, whose link it will be.
    const options = { peerId: parsePeerId(peerId), allowClassical: true, signal: limit.signal };
    const link = await openLink({ clock: this.#clock, budget: this.#budget }, raw, options);
    link.destroy();
    await link.closed;
  }

  #remember(key: string): void {
    this.#provenUntilMs.delete(key);
    this.#provenUntilMs.set(key, this.#clock.monotonicMs() + RELAY_LIMITS.proofLastsMs.value);
    const oldest = this.#provenUntilMs.keys().next();
    if (this.#provenUntilMs.size > RELAY_LIMITS.provenHops.value && oldest.done !== true) {
      this.#provenUntilMs.delete(oldest.value);
    }
  }
}
