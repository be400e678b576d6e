import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { fitsWish } from "./fits-wish.ts";
import { isWitnessed, type NodeInNetwork, WITNESSES } from "./is-witnessed.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import type { Nominations } from "./nominations.ts";
import type { Overlay } from "./overlay.ts";
import type { PeerBook } from "./peer-book.ts";

/** What seeking witnesses takes. */
export interface WitnessesComponents {
  readonly random: Random;
  readonly overlay: Pick<Overlay, "connected" | "addressOf">;
  readonly exchange: () => Pick<ExchangeClient, "ask" | "askKnown">;
  readonly book: Pick<PeerBook, "noteNamed">;
  readonly nominations: Pick<Nominations, "name">;
}

/** What tellers count as together whose network is not known. */
const UNKNOWN = "unknown";
const RELAY: PeerWish = { roles: ["relay"] };

/** Who named whom: notes it, and asks others about nodes that one network alone has named. */
export class Witnesses {
  readonly #components: WitnessesComponents;
  readonly #localNetwork: boolean;

  /** On a local network each teller counts as a network of its own. */
  constructor(components: WitnessesComponents, { localNetwork }: { readonly localNetwork: boolean }) {
    this.#components = components;
    this.#localNetwork = localNetwork;
  }

  /**
   * Notes that `teller` named `peers`, itself not among them. One whose network is not known is no witness: keys cost nothing,
   * and who hangs up after the answer would count as often as it has keys.
   */
  note(teller: PeerId, peers: readonly PeerId[]): void {
    const { nominations, book } = this.#components;
    const network = this.#networkOf(teller);
    nominations.name(network ?? UNKNOWN, peers);
    if (network !== undefined) book.noteNamed(network, peers);
  }

  /** Those of `nodes` that may stand behind other hops, as far as can be told from them. */
  witnessed<Node extends KnownPeer>(nodes: readonly Node[]): readonly Node[] {
    const all = nodes.map((node) => this.#placed(node));
    return nodes.filter(({ advertisement: { peer }, namedIn }) => isWitnessed({ peerId: peer, namedIn }, all));
  }

  /**
   * Asks one peer, of those that are connected or of `nodes`, about those nodes that lack a witness of its network; false where
   * there is nobody to ask.
   */
  async seek(nodes: readonly KnownPeer[], signal: AbortSignal): Promise<boolean> {
    const { random, overlay, exchange } = this.#components;
    const { value: limit } = DIRECTORY_LIMITS.answerNodes;
    const lacking = nodes.filter(({ namedIn = [] }) => namedIn.length < WITNESSES);
    const lackingIn = (witness: string, network: string): readonly string[] =>
      lacking
        .filter(({ namedIn = [], advertisement: { peer } }) => peer !== witness && !namedIn.includes(network))
        .slice(0, limit)
        .map(({ advertisement: { peer } }) => peer);
    for (const witness of shuffled(overlay.connected(), random)) {
      const network = this.#networkOf(witness);
      const peers = network === undefined ? [] : lackingIn(witness, network);
      if (peers.length === 0) continue;
      await exchange()
        .ask(witness, { peers }, limit, signal)
        .catch(() => {});
      return true;
    }
    for (const node of shuffled(nodes, random)) {
      const { peerId, network = peerId } = this.#placed(node);
      const peers = lackingIn(peerId, network);
      if (peers.length === 0) continue;
      await exchange()
        .askKnown(node, { peers }, limit, signal)
        .catch(() => {});
      return true;
    }
    return false;
  }

  /** Whether a search among `usable` nodes has found what a request of `hops` hops needs. */
  isEnough(usable: readonly KnownPeer[], wish: PeerWish, hops: number): boolean {
    const behind = hops > 1 ? this.witnessed(usable) : usable;
    const relaysOf = (peers: readonly KnownPeer[]): number => peers.filter((peer) => fitsWish(peer, RELAY)).length;
    if (relaysOf(usable) < hops || relaysOf(behind) < hops - 1) return false;
    return behind.some((peer) => fitsWish(peer, wish));
  }

  #placed({ advertisement: { peer, endpoints } }: KnownPeer): NodeInNetwork {
    const host = endpoints[0]?.host;
    const network = this.#localNetwork || host === undefined ? undefined : networkPrefix(host);
    return { peerId: peer, network };
  }

  #networkOf(teller: PeerId): string | undefined {
    if (this.#localNetwork) return teller;
    const address = this.#components.overlay.addressOf(teller);
    return address === undefined ? undefined : networkPrefix(address);
  }
}
