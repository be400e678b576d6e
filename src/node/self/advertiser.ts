import type { Clock, Timer } from "../../core/clock.ts";
import type { Identity } from "../../identity/identity.ts";
import type { KnownPeer } from "../../peers/known-peer.ts";
import { PEERS_LIMITS } from "../../peers/limits.ts";
import { signAdvertisement } from "../../peers/signed-advertisement.ts";
import { type Advertisement, fitAdvertisement } from "../../wire/advertisement.ts";
import { SELF_LIMITS } from "./limits.ts";

/** What a node says of itself; who it is, and when, the advertiser adds. */
export type AdvertisedFacts = Omit<Advertisement, "v" | "peer" | "seq" | "issuedAtSec" | "expiresAtSec">;

/** A load that moved by so much is told before its time: a client that chooses by load would choose otherwise. */
const LOAD_STEP = 0.25;
// Loads are in steps of their own, and 0.35 - 0.1 is a little less than 0.25.
const ROUNDING = 1e-9;

/**
 * Keeps a node's own signed advertisement true: asks for the facts and signs them again every `renewMs`, and before that,
 * but not more often than every `resignMs`, when the load has moved by a quarter or `changed` was called.
 */
export class Advertiser {
  readonly #identity: Identity;
  readonly #clock: Clock;
  readonly #facts: () => AdvertisedFacts;
  readonly #publish: (envelope: Uint8Array) => void;
  readonly #onSigned: ((advertisement: Advertisement) => void) | undefined;
  #current: KnownPeer;
  #seq = 0;
  #signedAtMs = 0;
  #changed = false;
  #timer: Timer | undefined;

  /**
   * `facts` is asked now and at each signing, and `onSigned` told of each. `publish` is called with each envelope after the
   * first, from `start` on.
   */
  constructor(
    components: {
      identity: Identity;
      clock: Clock;
      publish: (envelope: Uint8Array) => void;
      onSigned?: ((advertisement: Advertisement) => void) | undefined;
    },
    facts: () => AdvertisedFacts,
  ) {
    this.#identity = components.identity;
    this.#clock = components.clock;
    this.#publish = components.publish;
    this.#onSigned = components.onSigned;
    this.#facts = facts;
    this.#current = this.#sign(facts());
  }

  /** The newest envelope. */
  get envelope(): Uint8Array {
    return this.#current.envelope;
  }

  /** What the newest envelope says. */
  get advertisement(): Advertisement {
    return this.#current.advertisement;
  }

  /** Begins to look after it. */
  start(): void {
    this.#timer ??= this.#clock.every(SELF_LIMITS.reviewMs.value, () => this.#review());
  }

  /** Says that a fact changed that is worth telling before the next renewal. */
  changed(): void {
    this.#changed = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #review(): void {
    const facts = this.#facts();
    if (!this.#isDue(facts)) return;
    this.#current = this.#sign(facts);
    this.#publish(this.#current.envelope);
  }

  #isDue({ load = 0 }: AdvertisedFacts): boolean {
    const { renewMs } = PEERS_LIMITS;
    const { resignMs } = SELF_LIMITS;
    const ageMs = this.#clock.monotonicMs() - this.#signedAtMs;
    // The monotonic clock stands still while a machine sleeps, and the wall clock may have been set back.
    const wallAgeMs = this.#clock.nowMs() - this.#current.advertisement.issuedAtSec * 1000;
    if (ageMs >= renewMs.value || wallAgeMs >= renewMs.value + 1_000) return true;
    if (ageMs < resignMs.value) return false;
    const moved = Math.abs(load - (this.#current.advertisement.load ?? 0)) >= LOAD_STEP - ROUNDING;
    return this.#changed || moved || wallAgeMs < 0;
  }

  #sign(facts: AdvertisedFacts): KnownPeer {
    const nowMs = this.#clock.nowMs();
    const issuedAtSec = Math.floor(nowMs / 1000);
    // Time as sequence number goes on rising over restarts without a file to keep it in.
    this.#seq = Math.max(this.#seq + 1, Math.floor(nowMs));
    // After a clock was set back far, a number that goes on rising would be refused.
    if (this.#seq > nowMs + PEERS_LIMITS.clockSkewSeconds.value * 1000) this.#seq = Math.floor(nowMs);
    this.#signedAtMs = this.#clock.monotonicMs();
    this.#changed = false;
    const advertisement = fitAdvertisement({
      ...facts,
      v: 1,
      peer: this.#identity.peerId,
      seq: this.#seq,
      issuedAtSec,
      expiresAtSec: issuedAtSec + PEERS_LIMITS.lifetimeSeconds.value,
    });
    this.#onSigned?.(advertisement);
    return { advertisement, envelope: signAdvertisement(advertisement, this.#identity) };
  }
}
