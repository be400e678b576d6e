import type { Duplex } from "node:stream";
import { deadline, withAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import type { Random } from "../core/random.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import type { CountedStream } from "../link/counted-stream.ts";
import type { Link, LinkRequest } from "../link/link.ts";
import { formatConnectUdpPath } from "../wire/connect-udp-path.ts";
import type { Hop } from "./hop.ts";
import { HopCheck } from "./hop-check.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { noAnswer, PendingStreams } from "./pending-streams.ts";
import { acceptedWithOwnWait } from "./retry-wait.ts";

/** How long one stage of building took. */
export interface StageTiming {
  /** 1 for the first hop. */
  readonly hop: number;
  readonly stage: string;
  readonly ms: number;
}

/** How to open a stream. */
export interface OpenOptions {
  /** The app's first bytes, sent with the CONNECT. */
  readonly early?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A stream that may be written to before the exit has answered. */
export interface StartedStream {
  readonly stream: CountedStream;
  /** Resolves when the exit has connected; rejects as `openStream` does, and the stream is of no use then. */
  readonly accepted: Promise<unknown>;
}

/** The part of a link that a circuit uses. */
export type CircuitLink = Pick<
  Link,
  | "peerId"
  | "budget"
  | "usable"
  | "ended"
  | "closed"
  | "streams"
  | "room"
  | "bytes"
  | "bytesReceived"
  | "ping"
  | "ready"
  | "open"
  | "close"
  | "destroy"
>;

/** Links nested one in another, first hop outermost; streams are opened on the last. Owns all its links but a shared first one. */
export class Circuit {
  readonly hops: readonly Hop[];
  /** How building went, stage by stage. */
  readonly timings: readonly StageTiming[];
  /** Resolves when the circuit has ended. Never rejects. */
  readonly closed: Promise<void>;
  readonly #links: readonly CircuitLink[];
  readonly #exit: CircuitLink;
  readonly #pending: PendingStreams;
  readonly #check: HopCheck;
  readonly #random: Random;
  #silent: PeerId | undefined;
  #dead: PeerId | undefined;
  /** The first hop whose link was gone when the others were ended. */
  #gone: number | undefined;
  #isOver = false;

  /** `links` are those of `hops`; with more than one hop the first is shared with other circuits. */
  constructor(
    components: { readonly clock: Clock; readonly random: Random },
    hops: readonly Hop[],
    links: readonly CircuitLink[],
    timings: readonly StageTiming[],
  ) {
    const exit = links.at(-1);
    if (exit === undefined) throw new BywayError("ERR_INTERNAL", "a circuit without links");
    this.hops = hops;
    this.timings = timings;
    this.#links = links.slice(links.length > 1 ? 1 : 0);
    this.#exit = exit;
    this.#random = components.random;
    this.#check = new HopCheck(links);
    this.#pending = new PendingStreams(components, {
      ping: () => this.#check.ask(),
      bytesReceived: () => exit.bytesReceived,
      onDead: () => {
        const peerId = this.#noteSilent();
        this.#dead = peerId;
        exit.destroy(new BywayError("ERR_HOP_TIMEOUT", "the exit no longer answers", { data: { peerId } }));
      },
    });
    this.closed = exit.closed.then(async () => {
      this.destroy();
      await Promise.all(this.#links.map((link) => link.closed));
    });
  }

  /** Whether new streams can be opened. */
  get usable(): boolean {
    return this.#exit.usable;
  }

  /** Whether it carries no streams and takes none. A circuit that only takes no new ones has not ended. */
  get ended(): boolean {
    return this.#exit.ended;
  }

  /** Streams open now. */
  get streams(): number {
    return this.#exit.streams;
  }

  /** How many further streams the exit takes at once. */
  get room(): number {
    return this.#exit.room;
  }

  /** Bytes carried so far, both ways. */
  get bytes(): number {
    return this.#exit.bytes;
  }

  /** Targets in a row that the exit did not reach. */
  get silentFailures(): number {
    return this.#pending.silentFailures;
  }

  /** The silent hop for which the circuit ended; undefined if it is open or ended for another reason. */
  get deadPeer(): PeerId | undefined {
    return this.#dead;
  }

  /** The hop to blame when the circuit failed: the first that is silent or whose link is gone, else the exit. */
  get culprit(): PeerId {
    return this.#silent ?? this.#peerAt(this.#isOver ? this.#gone : this.#check.gone);
  }

  /** Round trip to the exit and back through all hops, in ms. */
  ping(): Promise<number> {
    return this.#exit.ping();
  }

  /** Destroys the circuit unless its exit says anything within `checkMs`. */
  check(): Promise<void> {
    return this.#pending.check();
  }

  /** Checks as `check` does. Resolves with whether anything came from the exit within `ms`; the circuit may end later. */
  async answers(ms: number): Promise<boolean> {
    const before = this.#exit.bytesReceived;
    using limit = deadline(this.#pending.clock, ms, noAnswer);
    try {
      await withAbort(this.check(), limit.signal);
    } catch {
      if (this.#exit.bytesReceived === before) this.#noteSilent();
    }
    return this.#silent === undefined;
  }

  /**
   * Opens a TCP stream to `target`, whose name is resolved at the exit; resolves when the exit has connected.
   * Throws the exit's refusal (target, policy kinds), ERR_HOP_LOST or ERR_HOP_TIMEOUT.
   */
  async openStream(target: HostPort, options: OpenOptions = {}): Promise<Duplex> {
    const { stream, accepted } = this.startStream(target, options);
    await accepted;
    return stream;
  }

  /** As `openStream`, without waiting for the exit's answer. Throws ERR_HOP_LOST when the circuit is gone. */
  startStream(target: HostPort, options: OpenOptions = {}): StartedStream {
    return this.#start({ ":method": "CONNECT", ":authority": formatHostPort(target) }, options);
  }

  /** Opens a UDP flow to `target` (RFC 9298). Throws as `openStream` does. */
  async openDatagrams(target: HostPort, options: OpenOptions = {}): Promise<CapsuleDatagrams> {
    const { clock } = this.#pending;
    using limit = deadline(clock, CIRCUIT_LIMITS.streamMs.value, noAnswer, options.signal);
    await this.#exit.ready(limit.signal);
    const { stream, accepted } = this.#start(
      {
        ":method": "CONNECT",
        ":protocol": "connect-udp",
        ":scheme": "https",
        ":authority": "byway.alt",
        ":path": formatConnectUdpPath(target),
        "capsule-protocol": "?1",
      },
      options,
    );
    await accepted;
    return new CapsuleDatagrams({ clock, budget: this.#exit.budget }, stream);
  }

  /** Lets open streams finish, then closes. */
  close(): void {
    this.#exit.close();
  }

  /** Ends its links and every stream now. */
  destroy(): void {
    this.#gone = this.#isOver ? this.#gone : this.#check.gone;
    this.#isOver = true;
    for (const link of this.#links.toReversed()) link.destroy();
  }

  #noteSilent(): PeerId {
    this.#silent ??= this.#peerAt(this.#check.silent);
    return this.#silent;
  }

  #peerAt(index: number | undefined): PeerId {
    const hop = this.hops[index ?? this.hops.length - 1] ?? this.hops.at(-1);
    return hop?.peerId ?? this.#exit.peerId;
  }

  #start(headers: LinkRequest["headers"], { early, signal }: OpenOptions): StartedStream {
    const pending = this.#exit.open({ headers, toward: "target", early, signal });
    this.#pending.watch(pending);
    return { stream: pending.stream, accepted: acceptedWithOwnWait(pending.accepted, this.#random) };
  }
}
