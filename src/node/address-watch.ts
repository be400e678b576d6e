import type { Clock, Timer } from "../core/clock.ts";
import { ipKey } from "../core/ip-address.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import type { LocalNetwork } from "../egress/local-addresses.ts";

/** Addresses are read at most once a minute; looked at more often, a change is not missed by a hair. */
const LOOKS_PER_READING = 4;

/** Tells when the machine's addresses or gateways are others than before: a lease that was renewed, a cable, a new network. */
export class AddressWatch {
  readonly #clock: Clock;
  readonly #local: () => LocalNetwork;
  readonly #onChange: () => void;
  /** Of the node's own addresses, those that an interface had when it began. */
  readonly #had: readonly string[];
  #seen: string;
  #timer: Timer | undefined;

  /** `hosts` are where the node listens, and where it says that others reach it. */
  constructor(
    components: { readonly clock: Clock; readonly local: () => LocalNetwork; readonly onChange: () => void },
    options: { readonly hosts: readonly string[] },
  ) {
    this.#clock = components.clock;
    this.#local = components.local;
    this.#onChange = components.onChange;
    this.#had = options.hosts.flatMap((host) => ipKey(host) ?? []).filter((key) => this.#has(key));
    this.#seen = this.#read();
  }

  /**
   * Whether interfaces of the machine have the addresses that the node listens at and names to others. True as well of one
   * that none had when the node began: of 127.0.0.0/8, wildcards and addresses that only routes know, nobody can say.
   */
  get isHere(): boolean {
    return this.#had.every((key) => this.#has(key));
  }

  /** Whether an interface of the machine has the address. */
  has(host: string): boolean {
    const key = ipKey(host);
    return key !== undefined && this.#has(key);
  }

  /** Begins to look. Idempotent. */
  start(): void {
    this.#timer ??= this.#clock.every(EGRESS_LIMITS.localAddressesAgeMs.value / LOOKS_PER_READING, () => {
      const seen = this.#read();
      if (seen === this.#seen) return;
      this.#seen = seen;
      this.#onChange();
    });
  }

  /** Looks no more. Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #has(key: string): boolean {
    return this.#local().addresses.some((address) => ipKey(address) === key);
  }

  #read(): string {
    const { addresses, gateways } = this.#local();
    return JSON.stringify([addresses.toSorted(), gateways.toSorted()]);
  }
}
