import { forgetOldest } from "../core/forget-oldest.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { fitsQuery } from "../peers/fits-query.ts";
import { isWitnessed, type NodeInNetwork, WITNESSES } from "../peers/is-witnessed.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { Nominations } from "../peers/nominations.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { countedAddress } from "../wire/advertisement.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";

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
const RELAY: PeerQuery = { roles: ["relay"] };

/** Who named whom: notes it, and asks others about nodes that one network alone has named. */
export class Witnesses {
  readonly #components: WitnessesComponents;
  readonly #localNetwork: boolean;
  /** Peers that named nobody when they were asked, the longest so first. */
  readonly #mute = new Set<string>();

  /** On a local network each teller counts as a network of its own. */
  constructor(components: WitnessesComponents, { localNetwork }: { readonly localNetwork: boolean }) {
    this.#components = components;
    this.#localNetwork = localNetwork;
  }

  /**
   * Notes that `teller` named `peers`, itself not among them, perhaps when it was asked for nodes of any kind. One whose network
   * is not known is no witness: keys cost nothing, and who hangs up after the answer would count as often as it has keys.
   */
  note(teller: PeerId, peers: readonly PeerId[], isOfAny: boolean): void {
    const { nominations, book } = this.#components;
    if (peers.length > 0) this.#mute.delete(teller);
    else if (isOfAny) this.#mute.add(teller);
    forgetOldest(this.#mute, LIVENESS_LIMITS.usableInAll.value);
    const network = this.#networkOf(teller);
    nominations.name(network ?? UNKNOWN, peers);
    if (network !== undefined) book.noteNamed(network, peers);
  }

  /** `peer`, with what is known of it as a witness. */
  marked<Peer extends KnownPeer>(peer: Peer | undefined): Peer | undefined {
    return peer !== undefined && this.#mute.has(peer.advertisement.peer) ? { ...peer, isMute: true } : peer;
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
    const { value: limit } = DISCOVERY_LIMITS.answerNodes;
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

  /** Whether `usable` nodes are what a request of `hops` hops needs, or would be if others named them. */
  found(usable: readonly KnownPeer[], query: PeerQuery, hops: number): "enough" | "unwitnessed" | "too few" {
    if (!isEnough(usable, usable, query, hops)) return "too few";
    return hops === 1 || isEnough(usable, this.witnessed(usable), query, hops) ? "enough" : "unwitnessed";
  }

  #placed({ advertisement, isMute }: KnownPeer): NodeInNetwork {
    const address = countedAddress(advertisement);
    const network = this.#localNetwork || address === undefined ? undefined : networkPrefix(address);
    return { peerId: advertisement.peer, network, isMute };
  }

  #networkOf(teller: PeerId): string | undefined {
    if (this.#localNetwork) return teller;
    const address = this.#components.overlay.addressOf(teller);
    return address === undefined ? undefined : networkPrefix(address);
  }
}

/** Whether there are nodes for a request of `hops` hops, of which those in `behind` may stand behind others. */
function isEnough(usable: readonly KnownPeer[], behind: readonly KnownPeer[], query: PeerQuery, hops: number): boolean {
  const relaysOf = (peers: readonly KnownPeer[]): number => peers.filter((peer) => fitsQuery(peer, RELAY)).length;
  if (relaysOf(usable) < hops || relaysOf(behind) < hops - 1) return false;
  return behind.some((peer) => fitsQuery(peer, query));
}
