import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import type { KnownPeer } from "./known-peer.ts";
import { DIRECTORY_LIMITS } from "./limits.ts";
import type { Nominations } from "./nominations.ts";
import type { Overlay } from "./overlay.ts";
import type { PeerBook } from "./peer-book.ts";

/** What seeking witnesses takes. */
export interface WitnessesComponents {
  readonly random: Random;
  readonly overlay: Pick<Overlay, "connected" | "addressOf">;
  readonly exchange: () => Pick<ExchangeClient, "ask">;
  readonly book: Pick<PeerBook, "noteNamed">;
  readonly nominations: Pick<Nominations, "name">;
}

/** Networks that are to have named a node that stands behind other hops. */
const ENOUGH = 2;

/** Who named whom: notes it, and asks others about nodes that one network alone has named. */
export class Witnesses {
  readonly #components: WitnessesComponents;
  readonly #localNetwork: boolean;

  /** On a local network each teller counts as a network of its own. */
  constructor(components: WitnessesComponents, { localNetwork }: { readonly localNetwork: boolean }) {
    this.#components = components;
    this.#localNetwork = localNetwork;
  }

  /** Notes that `teller` named `peers`, itself not among them. */
  note(teller: PeerId, peers: readonly PeerId[]): void {
    const { nominations, book } = this.#components;
    const network = this.#networkOf(teller);
    nominations.name(network, peers);
    book.noteNamed(network, peers);
  }

  /** Asks one peer that is connected whether it knows those of `nodes` that lack a witness of its network. */
  async seek(nodes: readonly KnownPeer[], signal: AbortSignal): Promise<void> {
    const { random, overlay, exchange } = this.#components;
    const lacking = nodes.filter(({ namedIn = [] }) => namedIn.length < ENOUGH);
    const { value: limit } = DIRECTORY_LIMITS.answerNodes;
    for (const witness of shuffled(overlay.connected(), random)) {
      const network = this.#networkOf(witness);
      const peers = lacking
        .filter(({ namedIn = [], advertisement: { peer } }) => peer !== witness && !namedIn.includes(network))
        .slice(0, limit)
        .map(({ advertisement: { peer } }) => peer);
      if (peers.length === 0) continue;
      await exchange()
        .ask(witness, { peers }, limit, signal)
        .catch(() => {});
      return;
    }
  }

  #networkOf(teller: PeerId): string {
    const address = this.#localNetwork ? undefined : this.#components.overlay.addressOf(teller);
    return (address === undefined ? undefined : networkPrefix(address)) ?? teller;
  }
}
