import { ipKey, parseIp } from "../../core/ip-address.ts";
import { networkPrefix } from "../../geo/network-prefix.ts";
import { classifyAddress } from "../../geo/reserved-ranges.ts";
import { LruMap } from "../../rate/lru-map.ts";
import { SELF_LIMITS } from "./limits.ts";

/** Keeps what was told over restarts. JSON values; what `load` returns is checked. */
export interface SeenAddressesState {
  load(): unknown;
  save(words: readonly SeenWord[]): void;
}

/** Where the peers of one network last saw this node. */
export interface SeenWord {
  /** As `networkPrefix` names it. */
  readonly network: string;
  readonly address: string;
}

/** So many networks must have seen an address: one alone could close any site for this exit. */
const AGREEING = 2;

/** IPv6 addresses of one home are one place: an address for each hour is drawn from it (RFC 8981). */
const HOME_KEY_CHARS = 14;

/**
 * The public addresses that peers see this node come from: behind a router no interface has them.
 *
 * Only peers that this node dialled are heard, as nobody chooses to be dialled. Of each network the last word counts, and
 * an address counts when two networks saw it: of each family the four that most networks saw. So somebody who has nodes in
 * two networks, and is dialled in both, can add up to three addresses of others. He needs more networks than saw the true
 * one to displace that.
 */
export class SeenAddresses {
  readonly #state: SeenAddressesState | undefined;
  readonly #onChange: (addresses: readonly string[]) => void;
  readonly #words = new LruMap<string, SeenWord>({ most: SELF_LIMITS.seenNetworks.value });
  #addresses: readonly string[] = [];

  constructor(components: {
    readonly state?: SeenAddressesState | undefined;
    /** Called when `addresses` is another. */
    readonly onChange: (addresses: readonly string[]) => void;
  }) {
    this.#state = components.state;
    this.#onChange = components.onChange;
    for (const word of readWords(components.state?.load())) this.#keep(word);
    this.#addresses = this.#count();
  }

  /** What counts now, IPv4 and IPv6 each with what most networks saw first. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** A peer that was dialled at the address `by` sees this node at `own`. Passes over what is not public, or no address. */
  note(own: string, by: string): void {
    const network = networkPrefix(by);
    if (network === undefined || classifyAddress(by) !== undefined || own.includes(":") !== by.includes(":")) return;
    if (classifyAddress(own) !== undefined) return;
    const isNews = this.#words.get(network)?.address !== own;
    this.#keep({ network, address: own });
    if (!isNews) return;
    this.#state?.save([...this.#words.values()]);
    const before = this.#addresses.join();
    this.#addresses = this.#count();
    if (this.#addresses.join() !== before) this.#onChange(this.#addresses);
  }

  /** The latest stand last. */
  #keep(word: SeenWord): void {
    this.#words.set(word.network, word);
  }

  #count(): readonly string[] {
    const places = new Map<string, { readonly address: string; readonly networks: number }>();
    for (const { address } of this.#words.values()) {
      const place = placeOf(address);
      places.set(place, { address, networks: (places.get(place)?.networks ?? 0) + 1 });
    }
    const agreed = [...places.values()]
      .filter(({ networks }) => networks >= AGREEING)
      .sort((a, b) => b.networks - a.networks)
      .map(({ address }) => address);
    return [false, true].flatMap((isV6) =>
      agreed.filter((address) => address.includes(":") === isV6).slice(0, SELF_LIMITS.seenAddresses.value),
    );
  }
}

function placeOf(address: string): string {
  const key = ipKey(address) ?? address;
  return address.includes(":") ? key.slice(0, HOME_KEY_CHARS) : key;
}

function readWords(state: unknown): readonly SeenWord[] {
  if (!Array.isArray(state)) return [];
  return state.slice(-SELF_LIMITS.seenNetworks.value).flatMap((word: unknown) => {
    const { network, address } = (word ?? {}) as { readonly network?: unknown; readonly address?: unknown };
    if (typeof network !== "string" || typeof address !== "string") return [];
    return parseIp(address) === undefined || classifyAddress(address) !== undefined ? [] : [{ network, address }];
  });
}
