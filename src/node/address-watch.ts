import type { Clock, Timer } from "../core/clock.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import type { LocalNetwork } from "../egress/local-addresses.ts";
import { ipKey } from "../geo/ip-address.ts";

/** Addresses are read at most once a minute; looked at more often, a change is not missed by a hair. */
const LOOKS_PER_READING = 4;

/** Tells when the machine's addresses or gateways are others than before: a lease that was renewed, a cable, a new network. */
export class AddressWatch {
  readonly #clock: Clock;
  readonly #local: () => LocalNetwork;
  readonly #onChange: () => void;
  readonly #listen: string | undefined;
  readonly #wasHere: boolean;
  #seen: string;
  #timer: Timer | undefined;

  /** `listen` is the host that the node listens at. */
  constructor(
    components: { readonly clock: Clock; readonly local: () => LocalNetwork; readonly onChange: () => void },
    options: { readonly listen: string },
  ) {
    this.#clock = components.clock;
    this.#local = components.local;
    this.#onChange = components.onChange;
    this.#listen = ipKey(options.listen);
    this.#wasHere = this.#has();
    this.#seen = this.#read();
  }

  /**
   * Whether an interface of the machine has the address that the node listens at. True as well where none had it when the
   * node began: of 127.0.0.0/8, wildcards and addresses that only routes know, nobody can say.
   */
  get isHere(): boolean {
    return !this.#wasHere || this.#has();
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

  #has(): boolean {
    return this.#local().addresses.some((address) => ipKey(address) === this.#listen);
  }

  #read(): string {
    const { addresses, gateways } = this.#local();
    return JSON.stringify([addresses.toSorted(), gateways.toSorted()]);
  }
}
