import type { Clock, Timer } from "../core/clock.ts";
import { systemCode, toBywayError } from "../core/errors.ts";
import { parseIp } from "../core/ip-address.ts";
import type { Logger } from "../core/logger.ts";
import { homesInside, type Nat64Prefix, perhapsInside, translated } from "../geo/nat64.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import type { LocalNetwork } from "./local-addresses.ts";

/** What a watch needs. */
export interface Nat64WatchComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly local: () => LocalNetwork;
  /** The prefixes that the network translates; throws where nobody answers. */
  readonly lookUp: (signal: AbortSignal) => Promise<readonly Nat64Prefix[]>;
  /** Called when the machine's addresses, or what is known of their network, are others than before. */
  readonly onChange?: () => void;
}

/**
 * Knows which IPv6 addresses stand for IPv4 addresses in this network.
 *
 *     unknown ── look-up answered ──► known ── own addresses changed, or an hour is over ──► look-up
 *        ▲                              │
 *        └── own addresses changed ─────┘         a look-up that fails is repeated each minute
 *
 * It looks only where the machine has IPv6 beyond its own link. While the answer is unknown, an address counts as one of
 * a home's wherever it could be one. A look-up that fails takes nothing away that was known.
 */
export class Nat64Watch {
  readonly #components: Nat64WatchComponents;
  readonly #stopping = new AbortController();
  #prefixes: readonly Nat64Prefix[] = [];
  #isKnown = false;
  #network: LocalNetwork | undefined;
  #seen = "";
  #dueMs = 0;
  #hasWarned = false;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;

  constructor(components: Nat64WatchComponents) {
    this.#components = components;
  }

  /** Looks now, and each minute whether there is reason to look again. Idempotent. */
  start(): void {
    if (this.#timer !== undefined || this.#stopping.signal.aborted) return;
    this.#timer = this.#components.clock.every(EGRESS_LIMITS.localAddressesAgeMs.value, () => this.#check());
    this.#check();
  }

  /** The IPv4 addresses that `ip` may stand for; none for IPv4 and for IPv6 outside of what is translated. */
  inside(ip: string): readonly string[] {
    if (!ip.includes(":")) return [];
    const bytes = parseIp(ip)?.bytes;
    if (bytes === undefined) return [];
    // The machine may have moved since the last minute's look.
    if (this.#timer !== undefined && this.#components.local() !== this.#network) this.#check();
    const known = WELL_KNOWN.concat(this.#prefixes).flatMap((prefix) => translated(bytes, prefix) ?? []);
    return this.#isKnown || known.length > 0 ? known : homesInside(bytes);
  }

  /** While it is unknown what the network translates: the IPv4 addresses that `ip` could stand for; else none. */
  perhapsInside(ip: string): readonly string[] {
    const bytes = this.#isKnown || !ip.includes(":") ? undefined : parseIp(ip)?.bytes;
    return bytes === undefined ? [] : perhapsInside(bytes);
  }

  /** Settles when the look-up that runs is over. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  /** Settles when nothing runs. Idempotent. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopping.abort();
    await this.#looking;
  }

  #check(): void {
    const { clock, local } = this.#components;
    const network = local();
    this.#network = network;
    const seen = JSON.stringify([network.addresses.toSorted(), network.gateways.toSorted()]);
    const hasMoved = seen !== this.#seen && this.#seen !== "";
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#isKnown = false;
      this.#dueMs = 0;
    }
    const isDue = this.#looking === undefined && clock.monotonicMs() >= this.#dueMs;
    if (isDue && network.addresses.some(isRouted)) this.#looking = this.#look(seen);
    if (hasMoved) this.#components.onChange?.();
  }

  async #look(seen: string): Promise<void> {
    const { clock, lookUp } = this.#components;
    try {
      const found = await lookUp(this.#stopping.signal);
      // An answer of the network before says nothing of this one.
      if (seen === this.#seen) {
        const isOther = JSON.stringify(found) !== JSON.stringify(this.#prefixes);
        this.#prefixes = found;
        this.#isKnown = true;
        this.#hasWarned = false;
        this.#dueMs = clock.monotonicMs() + EGRESS_LIMITS.nat64AgeMs.value;
        if (isOther) this.#components.onChange?.();
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted && !this.#isKnown) this.#warn(error);
    }
    this.#looking = undefined;
    if (seen !== this.#seen && !this.#stopping.signal.aborted) this.#check();
  }

  /** Once, and again after an answer. */
  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#components.logger.warn(
      "no name server says whether this network translates IPv6 to IPv4: IPv6 addresses with a private IPv4 address inside are refused",
      { reason: systemCode(error) || toBywayError(error).message },
    );
  }
}

const WELL_KNOWN: readonly Nat64Prefix[] = [{ network: parseIp("64:ff9b::")?.bytes ?? new Uint8Array(16), bits: 96 }];

/** The IPv4 address in the one prefix that every network may use: what a guard goes by that knows no more of its network. */
export function wellKnownInside(ip: string): readonly string[] {
  const bytes = ip.includes(":") ? parseIp(ip)?.bytes : undefined;
  return bytes === undefined ? [] : WELL_KNOWN.flatMap((prefix) => translated(bytes, prefix) ?? []);
}

/** Whether an interface's address is one from which IPv6 leads further than the link. */
function isRouted(address: string): boolean {
  if (!address.includes(":")) return false;
  const kind = classifyAddress(address)?.kind;
  return kind === undefined || kind === "private";
}
