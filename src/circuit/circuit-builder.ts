import type { Duplex } from "node:stream";
import { deadline } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { HostPort } from "../core/network-address.ts";
import type { Link, PendingStream } from "../link/link.ts";
import { openLink } from "../link/open-link.ts";
import { formatHopAuthority } from "../wire/hop-authority.ts";
import { Circuit, type StageTiming } from "./circuit.ts";
import type { Hop } from "./hop.ts";
import { hopError, type Stage } from "./hop-error.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** Reaches the first hop. */
export interface FirstHopDialler {
  dial(endpoint: HostPort, signal?: AbortSignal): Promise<Duplex>;
}

/** What a builder may vary. */
export interface CircuitBuilderOptions {
  /** Accept hops without post-quantum key exchange. Default false. */
  readonly allowClassical?: boolean;
}

/** Nests links in links: dials the first hop, then has each hop carry the connection to the next (docs/protocol.md §7). */
export class CircuitBuilder {
  readonly #clock: Clock;
  readonly #dialler: FirstHopDialler;
  readonly #allowClassical: boolean;

  constructor(components: { clock: Clock; dialler: FirstHopDialler }, options: CircuitBuilderOptions = {}) {
    this.#clock = components.clock;
    this.#dialler = components.dialler;
    this.#allowClassical = options.allowClassical ?? false;
  }

  /**
   * Builds a circuit through `hops` (1 to 5, first to exit).
   * Throws a hop error that names the hop and the stage; nothing is left open then.
   */
  async build(hops: readonly Hop[], signal?: AbortSignal): Promise<Circuit> {
    if (hops.length < 1 || hops.length > CIRCUIT_LIMITS.hops.value) {
      throw new BywayError(
        "ERR_PARAMETER_VALUE",
        `a circuit has 1 to ${CIRCUIT_LIMITS.hops.value} hops, not ${hops.length}`,
      );
    }
    const links: Link[] = [];
    const timings: StageTiming[] = [];
    try {
      for (const [index] of hops.entries()) await this.#extend(hops, index, links, timings, signal);
    } catch (error) {
      links[0]?.destroy();
      throw error;
    }
    return new Circuit({ clock: this.#clock }, hops, links, timings);
  }

  async #extend(
    hops: readonly Hop[],
    index: number,
    links: Link[],
    timings: StageTiming[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const hop = hops[index] as Hop;
    const carrier = index < hops.length - 1;
    let stage: Stage = index === 0 ? "dial" : "extend";
    let startMs = this.#clock.monotonicMs();
    const done = (): void => {
      const nowMs = this.#clock.monotonicMs();
      timings.push({ hop: index + 1, stage, ms: nowMs - startMs });
      startMs = nowMs;
    };
    try {
      using limit = deadline(
        this.#clock,
        CIRCUIT_LIMITS.extendMs.value,
        () => new BywayError("ERR_HOP_TIMEOUT", "the hop took too long"),
        signal,
      );
      const before = links.at(-1);
      if (before === undefined) {
        const raw = await this.#dialler.dial(hop.endpoint, limit.signal);
        done();
        stage = "handshake";
        links.push(await this.#handshake(raw, hop, carrier, limit.signal));
      } else {
        const pending = this.#ask(before, hop, limit.signal);
        // The handshake travels with the request: a refusal is the better reason when both fail.
        const handshake = this.#handshake(pending.stream, hop, carrier, limit.signal);
        handshake.catch(() => {});
        await pending.accepted;
        done();
        stage = "handshake";
        links.push(await handshake);
      }
      done();
    } catch (error) {
      throw hopError(error, hops, index, stage);
    }
  }

  #ask(before: Link, hop: Hop, signal: AbortSignal): PendingStream {
    return before.open({
      headers: {
        ":method": "CONNECT",
        ":authority": formatHopAuthority(hop.peerId),
        "byway-advertisement": Buffer.from(hop.envelope).toString("base64url"),
      },
      toward: "hop",
      signal,
    });
  }

  #handshake(raw: Duplex, hop: Hop, carrier: boolean, signal: AbortSignal): Promise<Link> {
    return openLink({ clock: this.#clock }, raw, {
      peerId: hop.peerId,
      allowClassical: this.#allowClassical,
      carrier,
      signal,
    });
  }
}
