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
   * Whether, where nobody else has to give a place, the address of the newcomer gives the one of its own that has been idle
   * longest: many programs and people can share one address. Default false.
   */
  readonly addressGives?: boolean;
}

/** One place that is taken. */
export interface LinkPlace {
  /** Says whether the link has streams. While it has, its place goes to nobody; it is idle at first. */
  use(isInUse: boolean): void;
  /** Gives the place back. Calling it twice is harmless. */
  release(): void;
}

interface Held extends LinkPlace {
  readonly giveWay: () => void;
}

/** From this share of taken places on, links without streams make room sooner. */
export const CROWDED = 0.9;

const FOR_LINKS: PlaceBounds = {
  most: LINK_LIMITS.links.value,
  mostPerCrowd: LINK_LIMITS.linksPerAddress.value,
  mostPerNetwork: LINK_LIMITS.linksPerNetwork.value,
};

/**
 * The places for links that a node has: so many altogether, for one crowd of addresses, and for one network.
 *
 * When all are taken, the link that has been idle longest gives way, of the network that holds most, to a newcomer of one
 * that holds fewer. Where no network has to give any, it is the same between areas: whoever has thousands of networks, as
 * with one /32 of IPv6, holds one place with each. Within a network it is the same between crowds of addresses: when all
 * places of the network are taken, or when neither has to give any.
 */
export class LinkPlaces {
  readonly #bounds: PlaceBounds;
  readonly #refusals: RefusalCounts | undefined;
  readonly #networks = new FairShares<Held>();
  /** The same places by area. */
  readonly #areas = new FairShares<Held>();
  /** For each network, who holds its places. */
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

  /** Networks that hold places: no others are remembered. */
  get networks(): number {
    return this.#crowds.size;
  }

  /** Share of the places that are taken, 0 to 1. */
  get takenShare(): number {
    return this.taken / this.#bounds.most;
  }

  /** The same in tenths: finer figures would help those who match traffic by its timing. */
  get load(): number {
    return Math.round(this.takenShare * 10) / 10;
  }

  /**
   * Takes a place for a connection from `remoteAddress` ("" when it has none); undefined when there is none for that
   * address. `giveWay` is called when the place should go to another link. It releases the place, at once or soon: where
   * it does not at once, the newcomer gets none and may try again.
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

  /** What stands against one more link; those without an address are bounded in all only. */
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

  /** The link that gives way to a newcomer for which all places are taken. */
  #giverTo(remoteAddress: string): Held | undefined {
    const by = this.#fullFor(remoteAddress);
    const network = addressNetwork(remoteAddress);
    const crowd = addressCrowd(remoteAddress);
    const crowds = this.#crowds.get(network);
    // Links of one address are all alike: none has a better claim.
    const own = this.#bounds.addressGives === true ? crowds?.oldestOf(crowd) : undefined;
    if (by === OF_ADDRESS) return own;
    const ofOthers =
      by === "links" ? (this.#networks.giver(network) ?? this.#areas.giver(addressArea(remoteAddress))) : undefined;
    return ofOthers ?? crowds?.giver(crowd) ?? own;
  }
}

const OF_ADDRESS = "links of one address";
