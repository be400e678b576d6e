import type { Duplex } from "node:stream";
import type { CapsuleDatagrams } from "../circuit/capsule-datagrams.ts";
import type { Circuit, StageTiming } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import type { Hop } from "../circuit/hop.ts";
import type { Clock } from "../core/clock.ts";
import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import type { KnownPeer } from "../directory/known-peers.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { OpenedStream, RouteSummary, StreamOpener, StreamRequest } from "../ingress/stream-opener.ts";
import type { Candidate } from "../routing/candidate.ts";
import { constraintsKey } from "../routing/constraints.ts";
import { networkPrefix } from "../routing/network-prefix.ts";
import { planCircuit } from "../routing/plan.ts";

/** Circuits tried for one request before its error is told. */
const ATTEMPTS = 3;

/** An opened stream and how long each stage took. */
export interface RoutedStream extends OpenedStream {
  /** Building the circuit (as measured when it was built) and opening this stream. */
  readonly timings: readonly StageTiming[];
}

/** What a router assumes. */
export interface StreamRouterOptions {
  /** Hops of a circuit when a request does not say. */
  readonly defaultHops: number;
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/** Joins the rooms of a client: constraints to a plan, the plan to a circuit, the circuit to a stream. */
export class StreamRouter implements StreamOpener {
  readonly #pool: CircuitPool;
  readonly #peers: { current(): readonly KnownPeer[] };
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #defaultHops: number;
  readonly #sharedNetworks: boolean;

  constructor(
    components: { pool: CircuitPool; peers: { current(): readonly KnownPeer[] }; clock: Clock; random: Random },
    options: StreamRouterOptions,
  ) {
    this.#pool = components.pool;
    this.#peers = components.peers;
    this.#clock = components.clock;
    this.#random = components.random;
    this.#defaultHops = options.defaultHops;
    this.#sharedNetworks = options.sharedNetworks;
  }

  async openStream(request: StreamRequest, signal: AbortSignal): Promise<RoutedStream> {
    return this.#onCircuit(request, signal, async (circuit) => {
      const startMs = this.#clock.monotonicMs();
      const stream: Duplex = await circuit.openStream(request.target, { early: request.early, signal });
      const opened = { hop: circuit.hops.length, stage: "connect", ms: this.#clock.monotonicMs() - startMs };
      return { stream, route: summary(circuit.hops), timings: [...circuit.timings, opened] };
    });
  }

  openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<CapsuleDatagrams> {
    return this.#onCircuit(request, signal, (circuit) => circuit.openDatagrams(request.target, { signal }));
  }

  /** Runs `use` on a fitting circuit; another one when the circuit failed and nothing of the app's bytes was sent. */
  async #onCircuit<T>(request: StreamRequest, signal: AbortSignal, use: (circuit: Circuit) => Promise<T>): Promise<T> {
    const failed = new Set<string>();
    let first: BywayError | undefined;
    for (let attempt = 1; ; attempt += 1) {
      let reached = false;
      try {
        const circuit = await this.#pool.circuit(
          this.#isolationKey(request),
          () => this.#plan(request, failed),
          signal,
        );
        reached = true;
        return await use(circuit);
      } catch (cause) {
        const error = toBywayError(cause);
        // Planning fails after a build did only because the failed nodes were left out: the first reason is the better one.
        if (error.code === "ERR_NO_NODE") throw first ?? error;
        first ??= error;
        const sent = reached && (request.early?.length ?? 0) > 0;
        if (error.kind !== "hop" || error.retry === "never" || sent || attempt >= ATTEMPTS || signal.aborted)
          throw error;
        const { peerId } = error.data;
        if (typeof peerId === "string") failed.add(peerId);
      }
    }
  }

  #isolationKey(request: StreamRequest): string {
    return JSON.stringify([request.user, constraintsKey(request.constraints)]);
  }

  #plan(request: StreamRequest, failed: ReadonlySet<string>): readonly Hop[] {
    const candidates = this.#candidates().filter((candidate) => !failed.has(candidate.peerId));
    const plan = planCircuit(request.constraints, candidates, this.#random, { defaultHops: this.#defaultHops });
    return plan.map(({ peerId, endpoint, envelope, country }) => ({
      peerId: parsePeerId(peerId),
      endpoint,
      envelope,
      ...(country === undefined ? {} : { country }),
    }));
  }

  #candidates(): readonly Candidate[] {
    return this.#peers.current().flatMap(({ advertisement, envelope }) => {
      const endpoint = advertisement.endpoints[0];
      if (endpoint === undefined) return [];
      const { peer: peerId, roles, country, family } = advertisement;
      const network = this.#sharedNetworks ? undefined : networkPrefix(endpoint.host);
      return {
        peerId,
        endpoint,
        roles,
        envelope,
        ...(country === undefined ? {} : { country }),
        ...(family === undefined ? {} : { family }),
        ...(network === undefined ? {} : { network }),
      };
    });
  }
}

function summary(hops: readonly Hop[]): RouteSummary {
  const told = hops.map(({ peerId, country }) => (country === undefined ? { peerId } : { peerId, country }));
  return { hops: told, exit: told.at(-1) ?? { peerId: "" } };
}
