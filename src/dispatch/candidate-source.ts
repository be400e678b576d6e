import type { Clock } from "../core/clock.ts";
import { forgetOldest } from "../core/forget-oldest.ts";
import type { Directory } from "../discovery/directory.ts";
import { DISCOVERY_LIMITS } from "../discovery/limits.ts";
import { LIVENESS_LIMITS } from "../liveness/limits.ts";
import type { ClockDoubt } from "../peers/clock-doubt.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import type { PeerBook } from "../peers/peer-book.ts";
import { advertisedCandidate, type CandidateOptions } from "../routing/advertised-candidate.ts";
import type { Candidate } from "../routing/candidate.ts";
import { CandidateIndex } from "../routing/candidate-index.ts";
import type { ObservationView } from "../trust/observation.ts";
import type { TrustSource } from "../trust/trust-source.ts";
import type { PeerQuery } from "../wire/peer-query.ts";

/** The sources of a client's nodes. */
export interface PeerSources {
  readonly clock: Clock;
  readonly book: PeerBook;
  readonly trust: TrustSource;
  /** Peers that the user of the library adds. */
  readonly more: (() => readonly KnownPeer[]) | undefined;
}

/** The part of the directory that candidates come from. */
export type CandidateDirectory = Pick<Directory, "find" | "candidates" | "expect" | "doubt" | "clockDoubt">;

/** All nodes that a client may use, from all sources, in the order that routing needs. */
export class CandidateSource {
  readonly #sources: PeerSources;
  readonly #options: CandidateOptions;
  readonly #index: CandidateIndex;
  /** Nodes that the directory says answer. */
  readonly #answering = new Map<string, KnownPeer>();
  /** Nodes that `#takeIn` put in. */
  readonly #takenIn = new Map<string, KnownPeer>();
  /** Nodes that have not answered a check and may be used all the same. */
  readonly #offered = new Map<string, KnownPeer>();
  /** The nodes in the index, each as its source describes it. */
  readonly #shown = new Map<string, KnownPeer>();
  #directory: CandidateDirectory | undefined;
  /** The known nodes of recent queries, the oldest query first. */
  readonly #known = new Map<string, { readonly index: CandidateIndex; readonly atMs: number }>();
  /** The nodes read from the book if there is no directory, and the time of reading, in ms of the monotonic clock. */
  #read: readonly KnownPeer[] = [];
  #readMs = Number.NEGATIVE_INFINITY;
  #version = 0;

  constructor(sources: PeerSources, options: CandidateOptions) {
    this.#sources = sources;
    this.#options = options;
    this.#index = new CandidateIndex(sources);
  }

  /** Changes whenever a node to choose from comes, changes or goes. */
  get version(): number {
    return this.#version;
  }

  /** Takes the nodes that answer from `directory` from now on. Without a directory, all nodes of the book are used. */
  follow(directory: CandidateDirectory): void {
    this.#directory = directory;
  }

  /** A node answers, has changed, or does so no longer; for the directory to tell. Returns whether it is news that it answers, or what it offers. */
  noteUsable(peer: KnownPeer, usable: boolean): boolean {
    const id = peer.advertisement.peer;
    const isNews = usable && this.#answering.get(id)?.envelope !== peer.envelope;
    if (usable) this.#answering.set(id, peer);
    else this.#answering.delete(id);
    // It may be the same with another round trip.
    this.#shown.delete(id);
    this.#show(id);
    return isNews;
  }

  /** Whether a relay's advertisement is valid, though it may not have answered yet. */
  isListed(id: string): boolean {
    const peer = this.#sources.book.get(id) ?? this.#answering.get(id) ?? this.#takenIn.get(id);
    return peer?.advertisement.roles.includes("relay") === true;
  }

  /** Lets nodes be used before they have answered a check, in place of those that were offered before. */
  offer(ids: readonly string[]): void {
    const before = [...this.#offered.keys()];
    if (ids.some((id) => !this.#offered.has(id))) this.#known.clear();
    this.#offered.clear();
    for (const id of ids) {
      const known = this.#sources.book.get(id);
      if (known !== undefined) this.#offered.set(id, known);
    }
    for (const id of new Set([...before, ...ids])) this.#show(id);
  }

  /** The trust in a node has changed. */
  noteTrust(peer: string): void {
    this.#index.refresh(peer);
  }

  /** Nodes to choose from: those that answered lately. */
  usable(): CandidateIndex {
    this.#takeIn([...this.#readBook(), ...(this.#sources.more?.() ?? [])]);
    return this.#index;
  }

  /** Nodes to choose from where none of those that fit `query` has answered yet: they are only known. */
  known(query: PeerQuery): CandidateIndex | undefined {
    const nowMs = this.#sources.clock.monotonicMs();
    const key = JSON.stringify(query);
    const last = this.#known.get(key);
    if (last !== undefined && nowMs - last.atMs < DISCOVERY_LIMITS.candidatesMs.value) return last.index;
    const index = this.#candidates(query);
    this.#known.delete(key);
    if (index !== undefined) this.#known.set(key, { index, atMs: nowMs });
    forgetOldest(this.#known, LIVENESS_LIMITS.queries.value);
    return index;
  }

  /**
   * Looks for nodes that fit, at little cost if it `isAgain`; false if there is no directory. Throws
   * ERR_NETWORK_UNREACHABLE or the abort reason.
   */
  async find(query: PeerQuery, hops: number, signal: AbortSignal, isAgain = false): Promise<boolean> {
    await this.#directory?.find(query, hops, signal, isAgain);
    return this.#directory !== undefined;
  }

  /** How far this machine's clock seems to be off; undefined while it does not. */
  get clockDoubt(): ClockDoubt | undefined {
    return this.#directory?.clockDoubt;
  }

  /** Has nodes that failed checked. Nodes behind other hops are checked through other nodes, so that they do not see who checks. */
  readonly learn: ObservationView = ({ peerId, what, isFirst }, isNews) => {
    if (what === "failed" && isNews) void this.doubt(peerId, !isFirst);
  };

  /** A node seems to have failed in use: checks whether it still answers. Undefined if that cannot be found out. */
  async doubt(peer: string, isFar: boolean): Promise<boolean | undefined> {
    return this.#directory?.doubt(peer, isFar);
  }

  /** Nodes that fit will be wanted; `isFar` where behind other hops, which are checked by way of others. */
  expect(query: PeerQuery, isFar = false): void {
    this.#directory?.expect(query, isFar);
  }

  #candidates(query: PeerQuery): CandidateIndex | undefined {
    const known = this.#directory?.candidates(query) ?? this.#unread(query);
    if (known === undefined) return undefined;
    const index = new CandidateIndex(this.#sources);
    // Guards above all, or a client that was just started would enter elsewhere.
    for (const peer of this.#offered.values()) put(index, this.#offer(peer));
    for (const peer of known) put(index, advertisedCandidate(peer, this.#options));
    return index;
  }

  /** The nodes of the book if there is no directory. Reading a thousand peers takes too long for each choice. */
  #readBook(): readonly KnownPeer[] {
    if (this.#directory !== undefined) return [];
    const { book, clock } = this.#sources;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#readMs < DISCOVERY_LIMITS.currentPeersMs.value) return this.#read;
    this.#readMs = nowMs;
    // The same nodes as long as they are valid, or a session would lose its exit by chance.
    const kept = this.#read.flatMap(({ advertisement }) => book.get(advertisement.peer) ?? []);
    const except = new Set(kept.map(({ advertisement }) => advertisement.peer));
    const missing = DISCOVERY_LIMITS.currentPeers.value - kept.length;
    this.#read = [...kept, ...book.find({}, missing, "random", { except })];
    return this.#read;
  }

  /** Nodes that fit, and some others, of a book that holds more than is read of it. */
  #unread(query: PeerQuery): readonly KnownPeer[] | undefined {
    if (this.#read.length < DISCOVERY_LIMITS.currentPeers.value) return undefined;
    const { book } = this.#sources;
    const most = DISCOVERY_LIMITS.candidates.value;
    const peers = [...book.find(query, most, "random"), ...this.#read.slice(0, most)];
    return [...new Map(peers.map((peer) => [peer.advertisement.peer, peer])).values()];
  }

  /** Makes the index hold `peers` beside the nodes of the directory, and no others. */
  #takeIn(peers: readonly KnownPeer[]): void {
    const gone = new Set(this.#takenIn.keys());
    for (const peer of peers) {
      const id = peer.advertisement.peer;
      gone.delete(id);
      if (this.#takenIn.get(id)?.envelope === peer.envelope) continue;
      this.#takenIn.set(id, peer);
      this.#shown.delete(id);
      this.#show(id);
    }
    for (const id of gone) {
      this.#takenIn.delete(id);
      this.#shown.delete(id);
      this.#show(id);
    }
  }

  /** Puts a node into the index as its best source describes it, or removes it if no source knows it. */
  #show(id: string): void {
    const sure = this.#answering.get(id) ?? this.#takenIn.get(id);
    const peer = sure ?? this.#offered.get(id);
    if (peer !== undefined && peer === this.#shown.get(id)) return;
    this.#version += 1;
    this.#shown.delete(id);
    this.#index.remove(id);
    if (peer === undefined) return;
    this.#shown.set(id, peer);
    put(this.#index, sure === undefined ? this.#offer(peer) : advertisedCandidate(peer, this.#options));
  }

  /** A node that has not answered is worth waiting for as a guard, and not as an exit. */
  #offer(peer: KnownPeer): Candidate | undefined {
    const candidate = advertisedCandidate(peer, this.#options);
    return candidate === undefined ? undefined : { ...candidate, roles: ["relay"] };
  }
}

function put(index: CandidateIndex, candidate: Candidate | undefined): void {
  if (candidate !== undefined) index.put(candidate);
}
