import type { Duplex } from "node:stream";
import { deadline } from "../core/abort.ts";
import type { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Pace } from "../core/pace.ts";
import { splice } from "../core/splice.ts";
import type { IncomingStream } from "../link/incoming-stream.ts";
import { RELAY_LIMITS } from "./limits.ts";
import type { LocateHop } from "./locate-hop.ts";
import { type HopDialler, ProvenHops, type ProvenHopsOptions } from "./proven-hops.ts";

/** What a relay is made of. */
export interface RelayComponents {
  readonly clock: Clock;
  readonly budget: ByteBudget;
  readonly locate: LocateHop;
  readonly dialler: HopDialler;
  /** The speed that a link is held to; any when absent. */
  readonly paceOf?: ((linkId: number) => Pace | undefined) | undefined;
}

/** How much a relay takes on; every value has a default in `limits.ts`. */
export interface RelayOptions extends ProvenHopsOptions {
  readonly maxCarried?: number;
}

/**
 * The relay role: carries a link onward to the next hop, and nowhere else.
 *
 * It dials only endpoints that the next hop itself signed, through the address guard, and only after that hop has proved
 * its key there; so a relay cannot be used as an exit (docs/protocol.md §5). It knows by itself where the next hop is: if
 * the client told, the next hop could give each client another endpoint, and see who asks. It sees ciphertext only.
 */
export class RelayService {
  readonly #clock: Clock;
  readonly #budget: ByteBudget;
  readonly #locate: LocateHop;
  readonly #dialler: HopDialler;
  readonly #paceOf: (linkId: number) => Pace | undefined;
  readonly #proven: ProvenHops;
  readonly #maxCarried: number;
  #carried = 0;

  constructor(components: RelayComponents, options: RelayOptions = {}) {
    this.#clock = components.clock;
    this.#budget = components.budget;
    this.#locate = components.locate;
    this.#dialler = components.dialler;
    this.#paceOf = components.paceOf ?? (() => undefined);
    this.#proven = new ProvenHops(components, options);
    this.#maxCarried = options.maxCarried ?? RELAY_LIMITS.carried.value;
  }

  /** Onward connections open now. */
  get carried(): number {
    return this.#carried;
  }

  /**
   * Serves `CONNECT <peerId>.byway.alt:443`. Throws ERR_HOP_UNKNOWN for a peer that nobody knows, ERR_ADVERTISEMENT_*, ERR_TARGET_PROHIBITED, ERR_STREAM_LIMIT, or a hop error when the next hop does not answer as itself.
   */
  async connectHop(incoming: IncomingStream, peerId: string): Promise<void> {
    if (this.#carried >= this.#maxCarried) {
      throw new BywayError("ERR_STREAM_LIMIT", `this relay carries ${this.#carried} connections already`);
    }
    this.#carried += 1;
    try {
      const asked = { peerId, shown: shownBy(incoming), askerAddress: incoming.remoteAddress };
      const { endpoints } = await this.#locate(asked, incoming.signal);
      const onward = await this.#dial(peerId, endpoints, incoming.signal);
      const pace = this.#paceOf(incoming.linkId);
      await splice({ clock: this.#clock, budget: this.#budget, pace }, incoming.accept(), onward);
    } finally {
      this.#carried -= 1;
    }
  }

  async #dial(peerId: string, endpoints: readonly HostPort[], signal: AbortSignal): Promise<Duplex> {
    let failure = new BywayError("ERR_HOP_UNREACHABLE", "the next hop advertises no endpoint");
    for (const endpoint of endpoints.slice(0, RELAY_LIMITS.endpointsTried.value)) {
      try {
        await this.#proven.prove(peerId, endpoint, signal);
        using limit = deadline(
          this.#clock,
          RELAY_LIMITS.dialMs.value,
          () => new BywayError("ERR_HOP_TIMEOUT", "the next hop did not answer"),
          signal,
        );
        return await this.#dialler.dialHop(endpoint, limit.signal);
      } catch (error) {
        failure = toBywayError(error);
        if (signal.aborted) break;
      }
    }
    throw failure;
  }
}

function shownBy(incoming: IncomingStream): Uint8Array | undefined {
  const header = incoming.headers["byway-advertisement"];
  if (typeof header !== "string" || header === "") return undefined;
  if (header.length > RELAY_LIMITS.advertisementHeaderBytes.value) {
    throw new BywayError("ERR_ADVERTISEMENT_MALFORMED", "the byway-advertisement header is too long");
  }
  return Buffer.from(header, "base64url");
}
