import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { PEERS_LIMITS } from "./limits.ts";
import type { Crowd } from "./peer-eviction.ts";

/** The most peers of one network. */
export interface Quotas {
  /** Of one /16 (IPv4) or /32 (IPv6). */
  readonly perPrefix: number;
  readonly perAsn: number;
}

/** The quotas of a public network. */
export const PUBLIC_QUOTAS: Quotas = {
  perPrefix: PEERS_LIMITS.peersOfPrefix.value,
  perAsn: PEERS_LIMITS.peersOfAsn.value,
};

/** Where a peer stands, as far as quotas go. */
export interface Standing {
  readonly prefix?: string | undefined;
  readonly asn?: number | undefined;
}

/** What quotas ask of the store. */
export interface CrowdKeeper {
  /** How many peers a crowd has at the most; quick. */
  mostIn(crowd: Crowd): number;
  /** How many it has. */
  sizeOf(crowd: Crowd): number;
  /** Forgets a useless peer of the crowd, or `isForMet` one that never was reached; false if it has none. */
  makeRoom(crowd: Crowd, isForMet: boolean): boolean;
}

/** Keeps any one network from filling the store. */
export class CrowdQuotas {
  readonly #clock: Clock;
  readonly #keeper: CrowdKeeper;
  readonly #quotas: Quotas;
  /** Crowds without room, and until when that is believed (monotonic). */
  readonly #full = new Map<Crowd, number>();

  constructor(components: { clock: Clock; keeper: CrowdKeeper }, quotas: Quotas) {
    this.#clock = components.clock;
    this.#keeper = components.keeper;
    this.#quotas = quotas;
  }

  /**
   * Makes sure that there is room for a peer that moves from `held` to `fresh`; throws ERR_ADVERTISEMENT_QUOTA. One that
   * `isMet` where it says it stands takes the place of one that never answered: keys cost nothing, and would fill a network.
   */
  admit(fresh: Standing, held: Standing = {}, isMet = false): void {
    const { prefix, asn } = fresh;
    if (prefix !== undefined && prefix !== held.prefix) this.#admitTo(`p${prefix}`, this.#quotas.perPrefix, isMet);
    if (asn !== undefined && asn !== held.asn) this.#admitTo(`a${asn}`, this.#quotas.perAsn, isMet);
  }

  #admitTo(crowd: Crowd, quota: number, isMet: boolean): void {
    if (this.#keeper.mostIn(crowd) < quota) return;
    const nowMs = this.#clock.monotonicMs();
    if (isMet || (this.#full.get(crowd) ?? 0) <= nowMs) {
      this.#full.delete(crowd);
      if (this.#keeper.sizeOf(crowd) < quota || this.#keeper.makeRoom(crowd, isMet)) return;
      if (this.#full.size >= PEERS_LIMITS.fullCrowds.value) this.#full.clear();
      this.#full.set(crowd, nowMs + PEERS_LIMITS.fullCrowdMs.value);
    }
    const name = crowd.startsWith("p") ? `the network ${crowd.slice(1)}` : `AS ${crowd.slice(1)}`;
    throw new BywayError("ERR_ADVERTISEMENT_QUOTA", `${quota} peers of ${name} are known already`);
  }
}
