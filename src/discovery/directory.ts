import type { Socket } from "node:net";
import { deadline, pause, withAbort } from "../core/abort.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import { shuffled } from "../core/shuffled.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import type { PeerId } from "../identity/peer-id.ts";
import type { AskedHop, LocatedHop } from "../link/locate-hop.ts";
import { CheckOrder } from "../liveness/check-order.ts";
import { HealthChecker } from "../liveness/health-checker.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { providerNetwork } from "../overlay/provider-network.ts";
import type { BookPeer } from "../peers/book-peer.ts";
import type { ClockDoubt } from "../peers/clock-doubt.ts";
import { crowdOf } from "../peers/crowd-of.ts";
import { WITNESSES } from "../peers/is-witnessed.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { Nominations } from "../peers/nominations.ts";
import { spread } from "../peers/spread.ts";
import { countedAddress, decodeAdvertisement } from "../wire/advertisement.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { Announcer } from "./announcer.ts";
import { CrowdCaps, capsOf } from "./crowd-caps.ts";
import type { DirectoryComponents, DirectoryOptions } from "./directory-options.ts";
import type { DirectoryState } from "./directory-state.ts";
import { ExchangeClient } from "./exchange-client.ts";
import { Finder } from "./finder.ts";
import { GossipBudget } from "./gossip-budget.ts";
import { GossipListener } from "./gossip-listener.ts";
import { freshTopic } from "./gossip-share.ts";
import { HopLocator } from "./hop-locator.ts";
import { NO_COUNTRY } from "./index-key.ts";
import { Joiner } from "./joiner.ts";
import { DISCOVERY_LIMITS } from "./limits.ts";
import { Rounds } from "./rounds.ts";
import { Witnesses } from "./witnesses.ts";

/** Nodes that are drawn for each that a plan may choose from. */
const DRAWN_FOR_EACH = 4;

/** Finds nodes and makes one's own known: wires the parts of this room. */
export class Directory {
  readonly #components: DirectoryComponents;
  readonly #options: DirectoryOptions;
  readonly #overlay: Overlay;
  readonly #exchange: ExchangeClient;
  readonly #gossip: GossipListener;
  readonly #nominations = new Nominations();
  readonly #witnesses: Witnesses;
  /** Witnesses are sought once more for those who wait. */
  #asking: Promise<unknown> | undefined;
  readonly #order: CheckOrder;
  readonly #joiner: Joiner;
  readonly #finder: Finder;
  readonly #hops: HopLocator;
  readonly #announcer: Announcer | undefined;
  readonly #health: HealthChecker<BookPeer> | undefined;
  readonly #news: Rounds;
  readonly #state: Rounds;
  /** Countries whose gossip is heard, the one asked for last at the end. */
  readonly #topics = new Map<string, GossipBudget>();
  /** Searches under way, by query: all who wait for the same share one. */
  readonly #searches = new Map<string, Promise<unknown>>();
  readonly #stopping = new AbortController();
  /** Rounds of news since the last one that brought a new node. */
  #idleRounds = 0;
  /** Peers that were joined through and have not been asked yet. */
  readonly #met = new Set<PeerId>();
  #hasJoined = false;

  constructor(components: DirectoryComponents, options: DirectoryOptions) {
    const { clock, random, logger, book, own, overlay } = components;
    // On a local network all stand in one.
    const networkOf = options.localNetwork ? () => undefined : providerNetwork;
    this.#components = components;
    this.#options = options;
    this.#overlay = overlay;
    this.#order = new CheckOrder({ random, book, nominations: this.#nominations });
    this.#witnesses = new Witnesses(
      { random, overlay, book, nominations: this.#nominations, exchange: () => this.#exchange },
      { localNetwork: options.localNetwork },
    );
    this.#exchange = new ExchangeClient({
      clock,
      overlay,
      book,
      own: () => own?.(),
      clockWords: components.clockWords,
      onNamed: (teller, peers, isOfAny) => this.#witnesses.note(teller, peers, isOfAny),
    });
    this.#gossip = new GossipListener({
      clock,
      add: (envelope, peer) => {
        book.add(envelope, { kind: "gossip", peer });
        return decodeAdvertisement(decodeEnvelope(envelope).payload);
      },
      reject: (reason) => book.reject(reason),
      networkOf: (advertisement) => {
        const address = countedAddress(advertisement);
        return options.localNetwork || address === undefined ? undefined : networkPrefix(address);
      },
    });
    this.#joiner = new Joiner(
      {
        clock,
        random,
        logger,
        overlay,
        remembered: (count) => {
          const valid = book.find({}, count, "reached");
          return valid.length > 0 ? valid : book.waysIn(count);
        },
        onJoined: (peer) => this.#joined(peer),
      },
      options.bootstrap,
    );
    const likely = (count: number): readonly KnownPeer[] => this.#order.likely(count);
    this.#finder = new Finder({ random, overlay, exchange: this.#exchange, book, likely, networkOf });
    this.#hops = new HopLocator(
      { clock, book, find: (peer, signal) => this.#finder.findOne(peer, signal) },
      { self: () => own?.().advertisement.peer, localNetwork: options.localNetwork },
    );
    if (own !== undefined) {
      this.#announcer = new Announcer({ clock, random, logger, overlay, exchange: this.#exchange, own, networkOf });
    }
    if (components.check !== undefined) {
      this.#health = new HealthChecker(
        {
          clock,
          check: components.check,
          get: (peer) => this.#witnesses.marked(book.get(peer)),
          draw: (query, count, except) => this.#drawUncrowded(query, count, except),
          vouchOf: (peer) => ({
            isMet: book.get(peer)?.reachedAtMs !== undefined,
            by: this.#nominations.vouchers(peer),
          }),
          onChecked: (peer, rttMs) => {
            this.#nominations.noteChecked(peer, rttMs !== undefined);
            book.recordCheck(peer, rttMs);
          },
          onUsable: components.onUsable,
          canCheckFar: components.canCheckFar,
        },
        { isSharedNetwork: options.localNetwork, isFar: options.checksFar ?? false },
      );
    }
    this.#news = new Rounds(
      components,
      (signal) => this.#hearNews(signal),
      () => this.#newsPauseMs(),
    );
    this.#state = new Rounds(
      components,
      async () => components.keepState?.(this.state()),
      () => DISCOVERY_LIMITS.stateMs.value,
    );
  }

  /** Runs the overlay and begins to join; what it does from then on is in the background. */
  async start(): Promise<void> {
    await this.#overlay.start();
    const own = this.#components.own?.().advertisement;
    if (own !== undefined) this.#hear(own.country ?? NO_COUNTRY);
    this.#joiner.start();
    this.#health?.start();
    this.#state.start();
  }

  /** Settles when every connection, timer and check is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort(new BywayError("ERR_STOPPED", "the directory stops"));
    await Promise.allSettled([...this.#searches.values(), this.#asking]);
    await Promise.all([
      this.#hops.stop(),
      this.#joiner.stop(),
      this.#news.stop(),
      this.#state.stop(),
      this.#announcer?.stop(),
      this.#health?.stop(),
    ]);
    await this.#overlay.stop();
  }

  /** Serves a connection of the overlay; owns it from here on. */
  accept(socket: Socket, remote: HostPort): void {
    this.#overlay.accept(socket, remote);
  }

  /** The own advertisement has changed: tells others. */
  announce(): void {
    if (this.#overlay.connected().length > 0) this.#announcer?.announce();
  }

  /** The nodes that fit and answered lately: what `onUsable` has told of. */
  usable(query: PeerQuery): readonly BookPeer[] {
    return this.#health?.usable(query) ?? [];
  }

  /** Nodes to choose from: those that answered lately, and where none of the kind did, those that are only known. */
  candidates(query: PeerQuery): readonly KnownPeer[] {
    const { book } = this.#components;
    const usable = this.#health?.usable({}) ?? [];
    const most = DISCOVERY_LIMITS.candidates.value;
    const fitting = this.#health?.usable(query) ?? [];
    const more = fitting.length > 0 ? fitting : this.#known(query, most);
    const others = usable.length > 0 ? usable : book.find({}, most, "reached");
    return [...new Map([...more, ...others].map((peer) => [peer.advertisement.peer, peer])).values()];
  }

  /**
   * Looks for nodes of a kind that none is known of, for someone who waits: settles when one has answered, and of `hops`
   * nodes as many in all, or when all that could be asked have been. `isAgain`: the network was searched for them a moment
   * ago, so only peers that are connected are asked. Throws ERR_NETWORK_UNREACHABLE or the abort reason.
   */
  async find(query: PeerQuery, hops: number, parent: AbortSignal, isAgain = false): Promise<void> {
    const { clock } = this.#components;
    this.expect(query, hops > 1);
    using bound = deadline(
      clock,
      DISCOVERY_LIMITS.findMs.value,
      () => new BywayError("ERR_NETWORK_UNREACHABLE", "no node of this kind was found in time"),
      parent,
    );
    try {
      await this.#search(query, hops, bound.signal, isAgain);
    } catch (cause) {
      const error = toBywayError(cause);
      if (parent.aborted || error !== bound.signal.reason) throw error;
    }
  }

  /** Where the next hop of somebody's circuit is reached, by what this node knows (`HopLocator.locate`). */
  locateHop(asked: AskedHop, signal: AbortSignal): Promise<LocatedHop> {
    return this.#hops.locate(asked, signal);
  }

  /** Nodes of this kind will be asked for: keeps some at hand; `isFar` where they will be used behind other hops. */
  expect(query: PeerQuery, isFar = false): void {
    this.#health?.expect(query, isFar);
    for (const country of query.countries ?? []) this.#hear(country);
  }

  /** A node seems to have failed in use: whether it answers, or undefined where that cannot be told. */
  async doubt(peer: string, isFar: boolean): Promise<boolean | undefined> {
    return this.#health?.doubt(peer, isFar);
  }

  /** Why the clock of this machine seems to be off, by what those who answered show; undefined while it does not. */
  get clockDoubt(): ClockDoubt | undefined {
    return this.#components.clockWords?.doubt;
  }

  state(): DirectoryState {
    const estimatedPeers = this.#overlay.estimatedPeers();
    return {
      atSec: Math.floor(this.#components.clock.nowMs() / 1000),
      connections: this.#overlay.connected().length,
      usable: this.#health?.size ?? 0,
      ...(estimatedPeers === undefined ? {} : { estimatedPeers }),
    };
  }

  #known(query: PeerQuery, count: number): readonly BookPeer[] {
    const { book, random } = this.#components;
    const known = book.find(query, count * DRAWN_FOR_EACH, "random");
    return spread(known, {
      limit: count,
      random,
      groupsOf: crowdOf,
      isProven: ({ reachedAtMs }) => reachedAtMs !== undefined,
    });
  }

  #joined(peer: PeerId): void {
    if (this.#stopping.signal.aborted) return;
    this.#met.add(peer);
    this.#news.start();
    this.#news.hasten();
    // Those whom it met hear of it in the round of news; the rest of the network once, and then with each renewal.
    if (!this.#hasJoined) this.#announcer?.announce();
    this.#hasJoined = true;
  }

  async #search(query: PeerQuery, hops: number, signal: AbortSignal, isAgain: boolean): Promise<void> {
    const health = this.#health;
    if (health === undefined) return;
    const found = () => this.#witnesses.found(health.usable({}), query, hops);
    await this.#joiner.reach(signal);
    const searching = withAbort(this.#look(query, hops > 1, isAgain), signal);
    searching.then(
      () => health.fill(),
      () => {},
    );
    health.fill();
    let isDone = false;
    searching.catch(() => {}).finally(() => (isDone = true));
    while (found() !== "enough") {
      if (!isDone || health.isChecking) await Promise.race([health.next(signal), ...(isDone ? [] : [searching])]);
      // Others may not have heard yet of a node that has just been started.
      else if (found() === "unwitnessed") await withAbort(this.#askAgain(), signal);
      else return;
    }
  }

  /** Seeks witnesses once more in a moment; all who wait share it. */
  #askAgain(): Promise<unknown> {
    const { clock } = this.#components;
    const { signal } = this.#stopping;
    this.#asking ??= pause(clock, DISCOVERY_LIMITS.witnessMs.value, signal)
      .then(() => this.#seekWitnesses(signal))
      .finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** An app may ask for a hundred streams at once, and the peers that are asked would shut out who asks them as often. */
  #look(query: PeerQuery, isFar: boolean, isAgain: boolean): Promise<unknown> {
    const key = JSON.stringify([query, isFar, isAgain]);
    const look = (): Promise<void> => (isAgain ? this.#lookAgain(query) : this.#lookAlone(query, isFar));
    const search = this.#searches.get(key) ?? look().finally(() => this.#searches.delete(key));
    this.#searches.set(key, search);
    return search;
  }

  async #lookAgain(query: PeerQuery): Promise<void> {
    await this.#finder.findNear(query, this.#stopping.signal);
  }

  async #lookAlone(query: PeerQuery, isFar: boolean): Promise<void> {
    const late = new BywayError("ERR_NETWORK_UNREACHABLE", "the search took too long");
    const { clock } = this.#components;
    using bound = deadline(clock, DISCOVERY_LIMITS.findMs.value, () => late, this.#stopping.signal);
    try {
      const news = isFar ? this.#hearNews(bound.signal) : undefined;
      await Promise.all([this.#finder.find(query, bound.signal), news]);
      for (let round = 0; isFar && round < 2 * WITNESSES; round += 1) {
        if (!(await this.#seekWitnesses(bound.signal))) break;
      }
    } catch (error) {
      if (error !== late) throw error;
    }
  }

  async #hearNews(signal: AbortSignal): Promise<void> {
    const { random, book } = this.#components;
    const some = shuffled(this.#overlay.connected(), random).slice(0, DISCOVERY_LIMITS.findPeers.value);
    const peers = new Set([...this.#met, ...some]);
    this.#met.clear();
    const before = book.size;
    const { value: limit } = DISCOVERY_LIMITS.answerNodes;
    await Promise.allSettled([...peers].map((peer) => this.#exchange.ask(peer, {}, limit, signal)));
    if (signal.aborted) return;
    // One peer that is known and not connected, so that nobody depends on whom it joined through.
    for (const known of this.#order.likely(1)) {
      await this.#exchange.askKnown(known, {}, limit, signal).catch(() => {});
    }
    await this.#seekWitnesses(signal);
    this.#idleRounds = book.size > before ? 0 : this.#idleRounds + 1;
    this.#health?.fill();
    this.#state.hasten();
  }

  /** Of the nodes that are usable, or will be soon. */
  async #seekWitnesses(signal: AbortSignal): Promise<boolean> {
    const health = this.#health;
    if (health === undefined) return false;
    const nodes = [...health.usable({}), ...this.#order.likely(DISCOVERY_LIMITS.answerNodes.value)];
    return this.#witnesses.seek([...new Map(nodes.map((node) => [node.advertisement.peer, node])).values()], signal);
  }

  /** Short while answers bring new nodes and more are wanted, then doubled with each round that brings none. */
  #newsPauseMs(): number {
    const { eagerRoundMs, roundMs, nodesWanted } = DISCOVERY_LIMITS;
    if (this.#components.book.size >= nodesWanted.value) return roundMs.value;
    return Math.min(roundMs.value, eagerRoundMs.value * 2 ** Math.min(this.#idleRounds, 16));
  }

  /** As `CheckOrder` draws, and leaves crowds out that have their part of what is usable, even where that leaves places free. */
  #drawUncrowded(query: PeerQuery, count: number, except: (peer: string) => boolean): readonly KnownPeer[] {
    const drawn = this.#order.draw(query, count, except);
    if (this.#options.localNetwork) return drawn;
    const usable = this.#health?.usable(query) ?? [];
    const crowds = new CrowdCaps(usable.map(crowdOf), capsOf(query));
    return drawn.filter((peer) => crowds.admit(crowdOf(peer)));
  }

  /** Tellers of one network count as one; on a local network all stand in one. */
  #hear(country: string): void {
    const topic = freshTopic(country);
    const budget = this.#topics.get(topic) ?? new GossipBudget(this.#components);
    this.#topics.delete(topic);
    this.#topics.set(topic, budget);
    this.#overlay.subscribe(topic, (message, from) => this.#gossip.check(message, from, { country, budget }));
    const [oldest] = this.#topics.keys();
    if (this.#topics.size > DISCOVERY_LIMITS.topics.value && oldest !== undefined) {
      this.#topics.delete(oldest);
      this.#overlay.unsubscribe(oldest);
    }
  }
}
