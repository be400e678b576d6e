import { FairShares } from "../rate/fair-shares.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { addressArea, addressCrowd, addressNetwork } from "./address-crowd.ts";
import { LINK_LIMITS } from "./limits.ts";

/** How many places there are. */
export interface PlaceBounds {
  readonly most: number;
  /** For the addresses of one crowd together. */
  readonly mostPerCrowd: number;
  /** For those of one /24 or /48. */
  readonly mostPerNetwork: number;
  /**
   * If nobody else has to give a place, whether the newcomer's own address gives its link that has been idle longest. Many
   * programs and people can share one address. Default false.
   */
  readonly addressGives?: boolean;
}

/** One place that is taken. */
export interface LinkPlace {
  /** Says whether the link has streams. A link with streams keeps its place. It is idle at first. */
  use(isInUse: boolean): void;
  /** Gives the place back. Calling it twice is harmless. */
  release(): void;
}

interface Held extends LinkPlace {
  readonly giveWay: () => void;
}

/** If at least this share of the places is taken, links without streams are closed sooner. */
export const CROWDED = 0.9;

const FOR_LINKS: PlaceBounds = {
  most: LINK_LIMITS.links.value,
  mostPerCrowd: LINK_LIMITS.linksPerAddress.value,
  mostPerNetwork: LINK_LIMITS.linksPerNetwork.value,
};

/**
 * A node's places for links: a number for all, for each crowd of addresses, and for each network.
 *
 * If all are taken, a newcomer gets the place of an idle link: the longest idle one of the network that holds most, if the
 * newcomer's network holds fewer. If no network holds more, areas are compared in the same way, since one client can have a
 * place in each of thousands of networks, as with one /32 of IPv6. Within a network, crowds of addresses are compared in the
 * same way: if all places of the network are taken, or if no other network or area has to give one.
 */
export class LinkPlaces {
  readonly #bounds: PlaceBounds;
  readonly #refusals: RefusalCounts | undefined;
  readonly #networks = new FairShares<Held>();
  /** The same places by area. */
  readonly #areas = new FairShares<Held>();
  /** The same places by network, and there by crowd. */
  readonly #crowds = new Map<string, FairShares<Held>>();

  /** By default those for links. */
  constructor(bounds: PlaceBounds = FOR_LINKS, refusals?: RefusalCounts) {
    this.#bounds = bounds;
    this.#refusals = refusals;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#networks.size;
  }

  /** Networks that hold places. No others are remembered. */
  get networks(): number {
    return this.#crowds.size;
  }

  /** Share of the places that are taken, 0 to 1. */
  get takenShare(): number {
    return this.taken / this.#bounds.most;
  }

  /** The same in tenths. Finer figures would help an observer who matches traffic by its timing. */
  get load(): number {
    return Math.round(this.takenShare * 10) / 10;
  }

  /**
   * Takes a place for a connection from `remoteAddress` ("" if it has none); undefined if there is none for that address.
   * `giveWay` is called when the place should go to another link, and releases it, at once or soon. If it does not at once,
   * the newcomer gets no place and may try again.
   */
  take(remoteAddress: string, giveWay: () => void): LinkPlace | undefined {
    const by = this.#fullFor(remoteAddress);
    if (by === undefined) return this.#hold(remoteAddress, giveWay);
    const giver = this.#giverTo(remoteAddress);
    giver?.giveWay();
    if (giver === undefined) this.#refusals?.count(by);
    else if (this.#fullFor(remoteAddress) === undefined) return this.#hold(remoteAddress, giveWay);
    return undefined;
  }

  #hold(remoteAddress: string, giveWay: () => void): LinkPlace {
    const network = addressNetwork(remoteAddress);
    const crowds = this.#crowds.get(network) ?? new FairShares();
    const held: Held = {
      giveWay,
      use: (isInUse) => {
        this.#networks.use(held, isInUse);
        this.#areas.use(held, isInUse);
        crowds.use(held, isInUse);
      },
      release: () => {
        if (!this.#networks.remove(held)) return;
        this.#areas.remove(held);
        crowds.remove(held);
        if (crowds.size === 0) this.#crowds.delete(network);
      },
    };
    this.#crowds.set(network, crowds);
    this.#networks.add(network, held);
    this.#areas.add(addressArea(remoteAddress), held);
    crowds.add(addressCrowd(remoteAddress), held);
    return held;
  }

  /** Which bound refuses one more link; undefined if none. Links without an address count for all only. */
  #fullFor(remoteAddress: string): string | undefined {
    const { most, mostPerCrowd, mostPerNetwork } = this.#bounds;
    const network = addressNetwork(remoteAddress);
    if (network !== "") {
      const crowds = this.#crowds.get(network);
      if ((crowds?.countOf(addressCrowd(remoteAddress)) ?? 0) >= mostPerCrowd) return OF_ADDRESS;
      if ((crowds?.size ?? 0) >= mostPerNetwork) return "links of one network";
    }
    return this.taken >= most ? "links" : undefined;
  }

  /** The link that gives its place to a newcomer; undefined if none does. */
  #giverTo(remoteAddress: string): Held | undefined {
    const by = this.#fullFor(remoteAddress);
    const network = addressNetwork(remoteAddress);
    const crowd = addressCrowd(remoteAddress);
    const crowds = this.#crowds.get(network);
    // No link of an address has a better claim than another.
    const own = this.#bounds.addressGives === true ? crowds?.oldestOf(crowd) : undefined;
    if (by === OF_ADDRESS) return own;
    const ofOthers =
      by === "links" ? (this.#networks.giver(network) ?? this.#areas.giver(addressArea(remoteAddress))) : undefined;
    return ofOthers ?? crowds?.giver(crowd) ?? own;
  }
}

const OF_ADDRESS = "links of one address";
