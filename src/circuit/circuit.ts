import type { Duplex } from "node:stream";
import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import type { Link, LinkRequest } from "../link/link.ts";
import { formatConnectUdpPath } from "../wire/connect-udp-path.ts";
import type { Hop } from "./hop.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

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

/** Links nested one in another, first hop outermost; streams are opened on the last. Owns all its links. */
export class Circuit {
  readonly hops: readonly Hop[];
  /** How building went, stage by stage. */
  readonly timings: readonly StageTiming[];
  /** Settles when the circuit can carry nothing any more; never rejects. */
  readonly closed: Promise<void>;
  readonly #clock: Clock;
  readonly #links: readonly Link[];
  readonly #exit: Link;

  constructor(
    components: { clock: Clock },
    hops: readonly Hop[],
    links: readonly Link[],
    timings: readonly StageTiming[],
  ) {
    const exit = links.at(-1);
    if (exit === undefined) throw new BywayError("ERR_INTERNAL", "a circuit without links");
    this.hops = hops;
    this.timings = timings;
    this.#clock = components.clock;
    this.#links = links;
    this.#exit = exit;
    this.closed = exit.closed.then(async () => {
      this.destroy();
      await Promise.all(links.map((link) => link.closed));
    });
  }

  /** Whether new streams can be opened. */
  get usable(): boolean {
    return this.#exit.usable;
  }

  /** Streams open now. */
  get streams(): number {
    return this.#exit.streams;
  }

  /** Round trip to the exit and back through all hops, in ms. */
  ping(): Promise<number> {
    return this.#exit.ping();
  }

  /**
   * Opens a TCP stream to `target`, whose name is resolved at the exit; resolves when the exit has connected.
   * Throws the exit's refusal (target, policy kinds) or ERR_HOP_LOST.
   */
  async openStream(target: HostPort, options: OpenOptions = {}): Promise<Duplex> {
    const authority = formatHostPort(target);
    return this.#open({ ":method": "CONNECT", ":authority": authority }, options);
  }

  /** Opens a UDP flow to `target` (RFC 9298). Throws as `openStream` does. */
  async openDatagrams(target: HostPort, options: OpenOptions = {}): Promise<CapsuleDatagrams> {
    const stream = await this.#open(
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
    return new CapsuleDatagrams({ clock: this.#clock }, stream);
  }

  /** Lets open streams finish, then closes. */
  close(): void {
    this.#exit.close();
  }

  /** Ends every link and stream now. */
  destroy(): void {
    for (const link of this.#links.toReversed()) link.destroy();
  }

  async #open(headers: LinkRequest["headers"], options: OpenOptions): Promise<Duplex> {
    using limit = deadline(
      this.#clock,
      CIRCUIT_LIMITS.streamMs.value,
      () => new BywayError("ERR_HOP_TIMEOUT", "the exit did not answer in time"),
      options.signal,
    );
    if (headers[":protocol"] !== undefined) await this.#exit.ready(limit.signal);
    const { stream, accepted } = this.#exit.open({
      headers,
      toward: "target",
      early: options.early,
      signal: limit.signal,
    });
    await accepted;
    return stream;
  }
}
