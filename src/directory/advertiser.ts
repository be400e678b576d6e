import type { Clock, Timer } from "../core/clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { Advertisement } from "../wire/advertisement.ts";
import type { KnownPeer } from "./known-peers.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import { signAdvertisement } from "./signed-advertisement.ts";

/** What stays the same from one advertisement of a node to the next. */
export type AdvertisedFacts = Omit<Advertisement, "v" | "peer" | "seq" | "issuedAtSec" | "expiresAtSec">;

/** Keeps a node's own signed advertisement fresh. */
export class Advertiser {
  readonly #identity: Identity;
  readonly #clock: Clock;
  readonly #facts: AdvertisedFacts;
  readonly #publish: (envelope: Uint8Array) => void;
  #current: KnownPeer;
  #seq = 0;
  #timer: Timer | undefined;

  /** `publish` is called with each envelope after the first, from `start` on. */
  constructor(
    components: { identity: Identity; clock: Clock; publish: (envelope: Uint8Array) => void },
    facts: AdvertisedFacts,
  ) {
    this.#identity = components.identity;
    this.#clock = components.clock;
    this.#publish = components.publish;
    this.#facts = facts;
    this.#current = this.#sign();
  }

  /** The newest envelope. */
  get envelope(): Uint8Array {
    return this.#current.envelope;
  }

  /** What the newest envelope says. */
  get advertisement(): Advertisement {
    return this.#current.advertisement;
  }

  /** Signs again every `renewMs`. */
  start(): void {
    this.#timer ??= this.#clock.every(DIRECTORY_LIMITS.renewMs.value, () => {
      this.#current = this.#sign();
      this.#publish(this.#current.envelope);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sign(): KnownPeer {
    const nowMs = this.#clock.nowMs();
    const issuedAtSec = Math.floor(nowMs / 1000);
    // Time as sequence number goes on rising over restarts without a file to keep it in.
    this.#seq = Math.max(this.#seq + 1, Math.floor(nowMs));
    const advertisement: Advertisement = {
      ...this.#facts,
      v: 1,
      peer: this.#identity.peerId,
      seq: this.#seq,
      issuedAtSec,
      expiresAtSec: issuedAtSec + DIRECTORY_LIMITS.lifetimeSeconds.value,
    };
    return { advertisement, envelope: signAdvertisement(advertisement, this.#identity) };
  }
}
