import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, type JsonValue, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { type PeerId, peerIdFromPublicKey, shortPeerId } from "../identity/peer-id.ts";
import { addressCrowd } from "../link/address-crowd.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import { type Advertisement, countedAddress } from "../wire/advertisement.ts";
import { decodeEnvelope } from "../wire/envelope.ts";
import type { PeerQuery } from "../wire/peer-query.ts";
import { type BookPeer, bookPeer } from "./book-peer.ts";
import { type CrowdKeeper, CrowdQuotas, PUBLIC_QUOTAS } from "./crowd-quotas.ts";
import { DecodedPeers } from "./decoded-peers.ts";
import { otherPayload } from "./equivocation.ts";
import { Equivocators } from "./equivocators.ts";
import type { PeerPlace } from "./known-peer.ts";
import { PEERS_LIMITS } from "./limits.ts";
import type { PeerBookOptions } from "./peer-book-options.ts";
import { PeerBuffer } from "./peer-buffer.ts";
import type { PeerCounts } from "./peer-counts.ts";
import { claimedPlace, peerEntry } from "./peer-entry.ts";
import type { PeerStore } from "./peer-store.ts";
import type { PeerOrder, QueryOptions } from "./query-peers.ts";
import { type RejectionReason, Rejections } from "./rejections.ts";
import { openAdvertisement } from "./signed-advertisement.ts";
import type { ReportedBy, StoredPeer } from "./stored-peer.ts";
import { StoredTime } from "./stored-time.ts";

/** What became of an advertisement that was taken in. */
export type Addition = "new" | "renewed" | "known";

/** Options of a find. */
export type FindOptions = Pick<QueryOptions, "except"> & {
  /** Peers that failed their last checks are found too. Default false. */
  readonly failing?: boolean;
};

const REJECTED = "rejected";

/**
 * The peers that this one knows: decides which advertisements are let in, and finds peers that fit a query.
 *
 * What `add` lets in waits for a fifth of a second to be written together with others; `get` and `find` see it at once.
 */
export class PeerBook {
  readonly #store: PeerStore;
  readonly #clock: Clock;
  readonly #place: (advertisement: Advertisement) => PeerPlace;
  readonly #self: string | undefined;
  readonly #onOwn: ((envelope: Uint8Array) => void) | undefined;
  readonly #localNetwork: boolean;
  readonly #ownWordCounts: boolean;
  readonly #quotas: CrowdQuotas | undefined;
  readonly #decoded: DecodedPeers;
  readonly #buffer: PeerBuffer;
  readonly #equivocators: Equivocators;
  readonly #met: TokenBuckets;
  /** Moves that make failed checks forgotten. */
  readonly #forgiven: TokenBuckets;
  readonly #time: StoredTime;
  readonly #timers: Timer[] = [];
  #sweeping: Timer | undefined;
  /** What was refused, since ever. */
  readonly rejections: Rejections;

  /** `place` compares an advertisement's claims with own data; default: they are believed. `onOwn` gets each envelope of `self`. The store stays its owner's. */
  constructor(
    components: {
      store: PeerStore;
      clock: Clock;
      logger: Logger;
      place?: (advertisement: Advertisement) => PeerPlace;
      onOwn?: (envelope: Uint8Array) => void;
    },
    options: PeerBookOptions = {},
  ) {
    const { self, localNetwork = false, quotas = localNetwork ? "none" : PUBLIC_QUOTAS } = options;
    this.#store = components.store;
    this.#clock = components.clock;
    this.#buffer = new PeerBuffer(components);
    this.#equivocators = new Equivocators(components);
    this.#place = components.place ?? claimedPlace;
    this.#self = self;
    this.#onOwn = components.onOwn;
    this.#localNetwork = localNetwork;
    this.#ownWordCounts = options.ownWordCounts ?? true;
    this.#decoded = new DecodedPeers({ localNetwork });
    this.#met = new TokenBuckets(components, {
      most: PEERS_LIMITS.metAddresses.value,
      burst: PEERS_LIMITS.metPerAddress.value,
      perSecond: 1_000 / PEERS_LIMITS.metMs.value,
    });
    this.#forgiven = new TokenBuckets(components, {
      most: PEERS_LIMITS.failedPeers.value,
      burst: 1,
      perSecond: 1_000 / PEERS_LIMITS.forgivenMs.value,
    });
    this.#quotas =
      quotas === "none" ? undefined : new CrowdQuotas({ clock: this.#clock, keeper: this.#keeper() }, quotas);
    this.rejections = new Rejections(this.#store.readState(REJECTED));
    this.#time = new StoredTime(components);
  }

  /** Valid peers. */
  get size(): number {
    return this.count();
  }

  /** Begins to forget expired peers and to keep the counts of refusals. */
  start(): void {
    if (this.#timers.length > 0) return;
    this.#timers.push(
      this.#clock.every(PEERS_LIMITS.sweepMs.value, () => this.forgetExpired()),
      this.#clock.every(PEERS_LIMITS.saveCountsMs.value, () => this.#saveCounts()),
    );
  }

  /** Writes what waits. The store is its owner's to close. Idempotent. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) timer.cancel();
    this.#sweeping?.cancel();
    this.#buffer.stop();
    this.#saveCounts();
  }

  /**
   * Takes in one signed advertisement. Throws ERR_ADVERTISEMENT_* and counts it: besides what `openAdvertisement` refuses,
   * _OLD below the `seq` that is held, _EQUIVOCATION for a second one with that `seq` and ever after, _QUOTA where
   * its network has enough peers; one that was met takes the place of one that never was. The same envelope again is `known`, and cheap; this node's own is too.
   */
  add(envelope: Uint8Array, reportedBy: ReportedBy): Addition {
    try {
      return this.#add(envelope, reportedBy);
    } catch (error) {
      throw this.#refused(error, envelope);
    }
  }

  /** Takes in several and writes them in one transaction; what is refused comes back as its error, in its place. */
  addAll(envelopes: readonly Uint8Array[], reportedBy: ReportedBy): readonly (Addition | BywayError)[] {
    const results = envelopes.map((envelope) => {
      try {
        return this.add(envelope, reportedBy);
      } catch (error) {
        return toBywayError(error);
      }
    });
    this.flush();
    return results;
  }

  /** Counts something that another part refused. */
  reject(reason: RejectionReason): void {
    this.rejections.add(reason);
  }

  /** One peer whose advertisement is valid. */
  get(peer: string): BookPeer | undefined {
    const held = this.#held(peer);
    return held === undefined || held.expiresAtSec <= this.#nowSec() ? undefined : this.open(held);
  }

  /** At most `limit` valid peers that fit the query. */
  find(query: PeerQuery, limit: number, order: PeerOrder, options: FindOptions = {}): readonly BookPeer[] {
    const { except, failing = false } = options;
    return this.#query(query, {
      limit,
      order,
      except,
      ...(failing ? {} : { maxFailures: PEERS_LIMITS.unreachableAfter.value }),
    });
  }

  /**
   * As `find` in random order, but not read: to choose among many of them, and `open` few. For strangers: of what would be
   * long to find, some is missed.
   */
  draw(query: PeerQuery, limit: number): readonly StoredPeer[] {
    this.flush();
    const maxFailures = PEERS_LIMITS.unreachableAfter.value;
    const { value: mostRead } = PEERS_LIMITS.readForStrangers;
    return this.#store.query(query, { limit, order: "random", maxFailures, mostRead });
  }

  /** As `draw`, of those that answered, the latest first. */
  drawReached(query: PeerQuery, limit: number): readonly StoredPeer[] {
    this.flush();
    const maxFailures = PEERS_LIMITS.unreachableAfter.value;
    return this.#store.query(query, { limit, order: "answered", maxFailures });
  }

  /** Reads what is held of a peer; undefined where that was damaged, and goes. */
  open(stored: StoredPeer): BookPeer | undefined {
    const advertisement = this.#decoded.open(stored.peer, stored.envelope);
    if (advertisement !== undefined) return bookPeer(advertisement, stored);
    this.#buffer.attempt(() => this.#store.remove(stored.peer));
    return undefined;
  }

  /** Peers that once answered, though their advertisement has expired: where to ask when nobody else is known. */
  waysIn(limit: number): readonly BookPeer[] {
    return this.#query({}, { limit, order: "answered", state: "expired" });
  }

  /** How many valid peers fit the query. */
  count(query: PeerQuery = {}): number {
    this.flush();
    return this.#store.count(query);
  }

  /** Sums over all valid peers; reads the whole store. */
  counts(): PeerCounts {
    this.flush();
    return this.#store.counts();
  }

  /**
   * Notes that a peer, which proved its key, was met at `address`: if it says that it stands there it is a peer that
   * answered. Of one address only some are noted, since keys cost nothing.
   */
  noteMet(peer: PeerId, address: string | undefined): void {
    const known = this.get(peer);
    if (known === undefined || address === undefined || countedAddress(known.advertisement) !== address) return;
    if (this.#clock.nowMs() - (known.reachedAtMs ?? 0) < PEERS_LIMITS.metMs.value) return;
    if (!this.#met.take(addressCrowd(address))) return;
    this.flush();
    this.#buffer.attempt(() => this.#store.recordMet(peer));
  }

  /** Notes that somebody in `network` named `peers`. */
  noteNamed(network: string, peers: readonly string[]): void {
    if (this.#ownWordCounts) return;
    this.flush();
    this.#buffer.attempt(() => this.#store.noteNamed(network, peers));
  }

  /** Notes that a peer answered a check after `rttMs`, or did not. */
  recordCheck(peer: string, rttMs: number | undefined): void {
    this.flush();
    this.#buffer.attempt(() => this.#store.recordCheck(peer, rttMs));
  }

  /** Keeps a value of small state; left out where the store cannot be written now. */
  keepState(name: string, value: JsonValue): void {
    this.#buffer.attempt(() => this.#store.changeState(name, () => value));
  }

  /** Forgets peers that have expired and are no ways in, and old proofs. */
  forgetExpired(): void {
    this.#buffer.attempt(() => {
      this.flush();
      const nowMs = this.#time.lookMs();
      const most = PEERS_LIMITS.sweptAtOnce.value;
      const forgotten = this.#store.forgetExpired(nowMs, PEERS_LIMITS.waysInMs.value, most);
      this.#sweeping?.cancel();
      this.#sweeping = forgotten < most ? undefined : this.#clock.after(1_000, () => this.forgetExpired());
      this.#store.forgetEquivocations(nowMs - PEERS_LIMITS.equivocatorMs.value);
    });
  }

  /** Writes what waits; while another process keeps the store locked it waits, up to a bound. */
  flush(): void {
    this.#buffer.flush();
  }

  #add(envelope: Uint8Array, reportedBy: ReportedBy): Addition {
    const { publicKey, payload } = decodeEnvelope(envelope);
    const peer = peerIdFromPublicKey(publicKey);
    if (peer === this.#self) {
      this.#onOwn?.(envelope);
      return "known";
    }
    const held = this.#held(peer);
    const valid = held !== undefined && held.expiresAtSec > this.#nowSec();
    const outranks = valid ? this.#outranks(peer, reportedBy, held) : "neither";
    if (valid && outranks === "held") return this.#known(held);
    const replaces = outranks === "told";
    if (valid && !replaces && Buffer.compare(held.envelope, envelope) === 0) return this.#known(held);
    if (held === undefined) this.#equivocators.check(peer);
    const advertisement = openAdvertisement(envelope, {
      nowMs: this.#clock.nowMs(),
      localNetwork: this.#localNetwork,
    });
    if (held !== undefined && advertisement.seq === held.seq) {
      const payloads = otherPayload(held, payload);
      if (payloads === "same" && !replaces) return this.#known(held);
      if (payloads === "other") {
        this.flush();
        this.#buffer.drop(held.peer);
        throw this.#equivocators.found(held, envelope);
      }
    }
    if (valid && !replaces && advertisement.seq < held.seq) {
      throw new BywayError("ERR_ADVERTISEMENT_OLD", `a newer advertisement of ${shortPeerId(peer)} is known`);
    }
    const entry = peerEntry(advertisement, envelope, this.#place(advertisement), reportedBy, this.#clock.nowMs());
    // What the user named by hand is no stranger's flood.
    if (reportedBy.kind !== "file") {
      this.#quotas?.admit(
        { prefix: entry.prefix, asn: entry.place.provenAsn },
        { prefix: held?.prefix, asn: held?.place.provenAsn },
        this.#isMet(peer, reportedBy, advertisement),
      );
    }
    const isJudged = held !== undefined && (held.failures > 0 || held.reachedAtMs !== undefined);
    const isMoved = isJudged && this.#moves(held, advertisement);
    this.#buffer.put(entry);
    this.#decoded.keep(advertisement, envelope);
    if (isMoved) this.#noteMove(held);
    return held === undefined ? "new" : "renewed";
  }

  /** Whether a peer tells of itself from where it says it stands. Of one address only some count, as in `noteMet`. */
  #isMet(peer: PeerId, reportedBy: ReportedBy, advertisement: Advertisement): boolean {
    const { address } = reportedBy;
    if (address === undefined || reportedBy.peer !== peer || countedAddress(advertisement) !== address) return false;
    return this.#met.has(addressCrowd(address));
  }

  /** Whose word is worth more, whatever the numbers: what is told of `peer` now, or what is held. */
  #outranks(peer: PeerId, reportedBy: ReportedBy, held: StoredPeer): "told" | "held" | "neither" {
    const [isOwnWord, wasOwnWord] = [reportedBy.peer === peer, held.reportedBy.peer === peer];
    if (this.#ownWordCounts || isOwnWord === wasOwnWord) return "neither";
    return isOwnWord ? "held" : "told";
  }

  #moves(held: StoredPeer, { endpoints: [to] }: Advertisement): boolean {
    const [from] = this.#decoded.open(held.peer, held.envelope)?.endpoints ?? [];
    return from?.host !== to?.host || from?.port !== to?.port;
  }

  /** What a peer did where it was says nothing of where it is now. But it must not be forgiven with each signature. */
  #noteMove({ peer, failures }: StoredPeer): void {
    const isForgiven = failures > 0 && this.#forgiven.take(peer);
    this.flush();
    this.#buffer.attempt(() => this.#store.noteMove(peer, isForgiven));
  }

  #known(held: StoredPeer): Addition {
    const nowMs = this.#clock.nowMs();
    if (nowMs - held.lastSeenMs >= PEERS_LIMITS.touchMs.value) this.#buffer.touch(held.peer, nowMs);
    return "known";
  }

  #refused(error: unknown, envelope: Uint8Array): BywayError {
    if (envelope.length > PEERS_LIMITS.envelopeBytes.value) {
      this.rejections.add("oversize");
      return toBywayError(error);
    }
    return this.rejections.addError(error);
  }

  #query(query: PeerQuery, options: QueryOptions): readonly BookPeer[] {
    this.flush();
    return this.#store.query(query, options).flatMap((stored) => this.open(stored) ?? []);
  }

  /** What is held of a peer, written or waiting. */
  #held(peer: string): StoredPeer | undefined {
    const waiting = this.#buffer.get(peer);
    const stored = this.#store.get(peer);
    if (waiting === undefined) return stored;
    const { seenMs, ...entry } = waiting;
    return { firstSeenMs: seenMs, failures: 0, lot: 0, namedIn: [], ...stored, ...entry, lastSeenMs: seenMs };
  }

  #keeper(): CrowdKeeper {
    return {
      // A peer that waits to be renewed is counted twice: at most so many.
      mostIn: (crowd) => this.#store.crowdSize(crowd) + this.#buffer.crowdSize(crowd),
      sizeOf: (crowd) => {
        this.flush();
        return this.#store.crowdSize(crowd) + this.#buffer.crowdSize(crowd);
      },
      makeRoom: (crowd, isForMet) => this.#store.makeRoom(crowd, isForMet),
    };
  }

  #saveCounts(): void {
    if (!this.rejections.changed) return;
    this.#buffer.attempt(() => {
      this.#store.changeState(REJECTED, (held) => this.rejections.addTo(held));
      this.rejections.settle();
    });
  }

  #nowSec(): number {
    return this.#clock.nowMs() / 1000;
  }
}
