import type { Clock, Timer } from "../core/clock.ts";
import { toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Random } from "../core/random.ts";
import { shuffled } from "../core/shuffled.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { Overlay, OverlayProvider } from "../overlay/overlay.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { ExchangeClient } from "./exchange-client.ts";
import { drawsGossip, freshTopic } from "./gossip-share.ts";
import { NO_COUNTRY } from "./index-key.ts";
import type { IndexOverlay } from "./index-shard.ts";
import { type IndexStanding, indexDepthOf, provideInIndex } from "./index-trie.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";
import { Rounds } from "./rounds.ts";

type AnnouncerOverlay = IndexOverlay & Pick<Overlay, "connected" | "putRecord" | "publish" | "estimatedPeers">;

/** What an announcer is made of. */
export interface AnnouncerComponents {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly overlay: AnnouncerOverlay;
  readonly exchange: Pick<ExchangeClient, "ask">;
  readonly own: () => KnownPeer;
  /** The network that a provider stands in, for the index; undefined where all share one. */
  readonly networkOf: (provider: OverlayProvider) => string | undefined;
}

/** Makes a node known: its record in the DHT, its place in the index, gossip in its country, and word to some peers. */
export class Announcer {
  readonly #components: AnnouncerComponents;
  readonly #index: Rounds;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #standing: IndexStanding | undefined;
  #later: Timer | undefined;
  #recordAtMs: number | undefined;

  constructor(components: AnnouncerComponents) {
    this.#components = components;
    this.#index = new Rounds(
      components,
      (signal) => this.#takePlace(signal),
      () => this.#standing?.reviewInMs ?? DISCOVERY_LIMITS.indexRetryMs.value,
    );
  }

  /** Where the node stands in the index; undefined before it has a place. */
  get standing(): IndexStanding | undefined {
    return this.#standing;
  }

  /** Tells of the newest advertisement by every way; call it when there is a connection. */
  announce(): void {
    if (this.#stopping.signal.aborted) return;
    const { clock, random, own } = this.#components;
    this.#run("the exchange", this.#tellPeers(this.#stopping.signal));
    this.#run("gossip", this.#gossip(own()));
    const { recordMs, recordRenewMs } = DISCOVERY_LIMITS;
    // The peers that it just met know it already. The DHT costs dozens of connections, so a node that is gone again at once,
    // or one of many that start together, does not begin with it.
    if (this.#recordAtMs === undefined) {
      this.#later ??= clock.after(random.float() * recordMs.value, () => this.#putRecord());
    } else if (clock.monotonicMs() - this.#recordAtMs >= recordRenewMs.value) this.#putRecord();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#later?.cancel();
    await this.#index.stop();
    await Promise.all(this.#running);
  }

  #putRecord(): void {
    const { clock, overlay, own } = this.#components;
    this.#recordAtMs = clock.monotonicMs();
    const { advertisement, envelope } = own();
    this.#run("the record", overlay.putRecord(parsePeerId(advertisement.peer), envelope, this.#stopping.signal));
    this.#index.start();
  }

  async #tellPeers(signal: AbortSignal): Promise<void> {
    const { overlay, exchange, random } = this.#components;
    const peers = shuffled(overlay.connected(), random).slice(0, DISCOVERY_LIMITS.announcePeers.value);
    await Promise.allSettled(peers.map((peer) => exchange.ask(peer, {}, 0, signal)));
  }

  async #gossip({ advertisement, envelope }: KnownPeer): Promise<void> {
    const { overlay, random } = this.#components;
    if (!drawsGossip(this.#standing?.estimatedNodes ?? 0, random)) return;
    await overlay.publish(freshTopic(advertisement.country ?? NO_COUNTRY), envelope);
  }

  async #takePlace(signal: AbortSignal): Promise<void> {
    const { overlay, random, own, networkOf, logger } = this.#components;
    const { advertisement } = own();
    try {
      this.#standing = await provideInIndex(overlay, {
        country: advertisement.country ?? NO_COUNTRY,
        peerId: parsePeerId(advertisement.peer),
        standing: this.#standing,
        // A country has no more nodes than the network. From below it is a few reads up; from the root it is one read
        // for each level, of the keys that all others read as well.
        startDepth: indexDepthOf(overlay.estimatedPeers() ?? 0),
        random,
        networkOf,
        signal,
      });
    } catch (error) {
      if (!signal.aborted) logger.debug("no place in the index was found", { reason: toBywayError(error).message });
    }
  }

  #run(what: string, work: Promise<void>): void {
    const running: Promise<void> = work
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#components.logger.debug("the advertisement did not go out", {
          by: what,
          reason: toBywayError(error).message,
        });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}
