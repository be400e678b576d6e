import { HIGHEST_31_BIT } from "./frame-format.ts";
import { HTTP2_LIMITS } from "./limits.ts";
import { RecentIds } from "./recent-ids.ts";
import type { SessionStream } from "./session-stream.ts";

/** Which end of HTTP/2 this is. A client opens streams with odd ids; ours are never opened by a server. */
export type Role = "client" | "server";

/** The streams of a session, and what their ids tell (RFC 9113 §5.1.1). */
export class StreamTable {
  /** Those that are neither idle nor closed. */
  readonly #open = new Map<number, SessionStream>();
  readonly #role: Role;
  #nextOwnId: number;
  #lastPeerId = 0;
  #ownCount = 0;
  /** Of those that were closed last, the ones on which the peer may send nothing more. */
  readonly #endedByPeer = new RecentIds(HTTP2_LIMITS.closedStreams.value);

  /** `firstId` is that of the first request, for a session whose ids are nearly used up. */
  constructor(role: Role, firstId = 1) {
    this.#role = role;
    this.#nextOwnId = firstId;
  }

  /** The highest id that the peer has opened; 0 at first. */
  get lastPeerId(): number {
    return this.#lastPeerId;
  }

  /** Streams that this end has opened. */
  get ownCount(): number {
    return this.#ownCount;
  }

  /** Streams that the peer has opened. */
  get peerCount(): number {
    return this.#open.size - this.#ownCount;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Whether this end has an id left for a stream. */
  get hasId(): boolean {
    return this.#nextOwnId <= HIGHEST_31_BIT;
  }

  /** All open streams, also while some of them close. */
  get all(): readonly SessionStream[] {
    return [...this.#open.values()];
  }

  get(id: number): SessionStream | undefined {
    return this.#open.get(id);
  }

  /** Gives a stream of this end the next id. */
  addOwn(stream: SessionStream): void {
    stream.begin(this.#nextOwnId);
    this.#nextOwnId += 2;
    this.#ownCount += 1;
    this.#open.set(stream.id, stream);
  }

  /** Adds a stream that the peer has opened. */
  addPeer(stream: SessionStream, id: number): void {
    stream.begin(id);
    this.#open.set(id, stream);
  }

  /** Says that the peer has used `id`, whatever became of the stream: it and all below it are idle no more. */
  use(id: number): void {
    this.#lastPeerId = id;
  }

  remove(stream: SessionStream): void {
    if (!this.#open.delete(stream.id)) return;
    if (this.#isOwn(stream.id)) this.#ownCount -= 1;
    if (stream.isEndedByPeer) this.#endedByPeer.add(stream.id);
  }

  /** Whether no stream has had `id`. */
  isIdle(id: number): boolean {
    if (this.#isOwn(id)) return id >= this.#nextOwnId;
    return !this.isOfPeer(id) || id > this.#lastPeerId;
  }

  /** Whether the peer could open a stream with `id`. */
  isOfPeer(id: number): boolean {
    return this.#role === "server" && id % 2 === 1;
  }

  /** Whether the peer itself has ended or reset the closed stream `id`; false where that is forgotten. */
  isEndedByPeer(id: number): boolean {
    return this.#endedByPeer.has(id);
  }

  #isOwn(id: number): boolean {
    return this.#role === "client" && id % 2 === 1;
  }
}
