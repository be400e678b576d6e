import type { TestContext } from "node:test";
import type { FakeClock } from "../../src/core/fake-clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { formatPeerAddress, formatTcpAddress } from "../../src/core/peer-address.ts";
import { seededRandom } from "../../src/core/random.ts";
import { Directory } from "../../src/discovery/directory.ts";
import type { DirectoryComponents } from "../../src/discovery/directory-options.ts";
import type { DirectoryState } from "../../src/discovery/directory-state.ts";
import { overlayServices } from "../../src/discovery/overlay-services.ts";
import { fixtureGeo } from "../../src/geo/fixture-geo.ts";
import { generateIdentity } from "../../src/identity/identity.ts";
import { FakeOverlay, FakeOverlayHub } from "../../src/overlay/fake-overlay.ts";
import { placeOf } from "../../src/peers/claims.ts";
import type { KnownPeer } from "../../src/peers/known-peer.ts";
import { PeerBook } from "../../src/peers/peer-book.ts";
import { PeerStore } from "../../src/peers/peer-store.ts";
import { advertisedNode, type NodeTraits } from "./advertised-node.ts";

/** One peer of a network whose messages arrive at once. */
export interface HubPeer {
  readonly directory: Directory;
  readonly book: PeerBook;
  readonly overlay: FakeOverlay;
  /** Its own advertisement; undefined for a client. */
  readonly node: KnownPeer | undefined;
  /** The multiaddr to join through. */
  readonly address: string;
  readonly states: DirectoryState[];
}

/** A network in one process: real directories over fake overlays, on a clock that stands still. */
export class DirectoryHub {
  readonly hub: FakeOverlayHub = new FakeOverlayHub();
  readonly #clock: FakeClock;
  readonly #context: TestContext;
  readonly #localNetwork: boolean;
  #made = 0;

  /** With `localNetwork` false nodes need endpoints at public addresses. */
  constructor(
    context: TestContext,
    clock: FakeClock,
    { localNetwork = true }: { readonly localNetwork?: boolean } = {},
  ) {
    this.#clock = clock;
    this.#context = context;
    this.#localNetwork = localNetwork;
  }

  /** A running node at 127.x.0.1 that joins through `bootstrap`. */
  node(bootstrap: readonly HubPeer[] = [], traits: NodeTraits = {}): Promise<HubPeer> {
    this.#made += 1;
    const endpoints = [{ host: `127.${9 + this.#made}.0.1`, port: 4433 }];
    return this.#peer(bootstrap, advertisedNode({ atMs: this.#clock.nowMs(), endpoints, ...traits }));
  }

  /** A running client; nodes that `isAlive` is false for do not answer its checks. */
  client(
    bootstrap: readonly HubPeer[],
    isAlive: (peer: string) => boolean = () => true,
    onUsable?: DirectoryComponents["onUsable"],
  ): Promise<HubPeer> {
    return this.#peer(bootstrap, undefined, isAlive, onUsable);
  }

  async #peer(
    bootstrap: readonly HubPeer[],
    node: KnownPeer | undefined,
    isAlive?: (peer: string) => boolean,
    onUsable?: DirectoryComponents["onUsable"],
  ): Promise<HubPeer> {
    this.#made += 1;
    const clock = this.#clock;
    const localNetwork = this.#localNetwork;
    const random = seededRandom(this.#made);
    const geo = fixtureGeo();
    const store = new PeerStore({ clock, random, logger: silentLogger }, { path: ":memory:" });
    const peerId = generateIdentity().peerId;
    const book = new PeerBook(
      { store, clock, logger: silentLogger, place: (advertisement) => placeOf(advertisement, geo) },
      { localNetwork, ...(node === undefined ? {} : { self: node.advertisement.peer }) },
    );
    const services = overlayServices({ clock, random, book, geo, own: () => node }, { localNetwork });
    const overlay = new FakeOverlay(
      { hub: this.hub, services },
      {
        peerId: node === undefined ? peerId : (node.advertisement.peer as typeof peerId),
        addresses: (node?.advertisement.endpoints ?? []).map(formatTcpAddress),
      },
    );
    const states: DirectoryState[] = [];
    const directory = new Directory(
      {
        clock,
        random,
        logger: silentLogger,
        book,
        overlay,
        ...(node === undefined ? {} : { own: () => node }),
        ...(isAlive === undefined
          ? {}
          : {
              check: async ({ advertisement: { peer } }) => {
                if (!isAlive(peer)) throw new Error("no answer");
                return 5;
              },
            }),
        onUsable,
        keepState: (state) => states.push(state),
      },
      { bootstrap: bootstrap.map(({ address }) => address), localNetwork },
    );
    await directory.start();
    this.#context.after(async () => {
      await directory.stop();
      book.stop();
      store.close();
    });
    const [endpoint = { host: "127.0.0.1", port: 1 }] = node?.advertisement.endpoints ?? [];
    const address = formatPeerAddress({ ...endpoint, peer: overlay.peerId });
    return { directory, book, overlay, node, address, states };
  }
}
