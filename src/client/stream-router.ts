import type { StageTiming } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import type { Hop } from "../circuit/hop.ts";
import { isolationKey } from "../circuit/isolation-key.ts";
import { type CircuitRequest, tryCircuits } from "../circuit/try-circuits.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { KnownPeer } from "../directory/known-peers.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { OpenedStream, RouteSummary, StreamOpener, StreamRequest } from "../ingress/stream-opener.ts";
import type { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import { advertisedCandidate } from "../routing/advertised-candidate.ts";
import type { Candidate } from "../routing/candidate.ts";
import { constraintsKey } from "../routing/constraints.ts";
import { planCircuit } from "../routing/plan.ts";

/** An opened stream and how long each stage took. */
export interface RoutedStream extends OpenedStream {
  /** Building the circuit (as measured when it was built) and opening this stream. */
  readonly timings: readonly StageTiming[];
}

/** What a router is made of. */
export interface StreamRouterComponents {
  readonly pool: CircuitPool;
  readonly peers: { current(): readonly KnownPeer[] };
  readonly clock: Clock;
  readonly random: Random;
}

/** What a router assumes. */
export interface StreamRouterOptions {
  /** Hops of a circuit when a request does not say. */
  readonly defaultHops: number;
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
}

/** Wires the rooms of a client: a request's constraints to a plan, the plan to a circuit, the circuit to a stream. */
export class StreamRouter implements StreamOpener {
  readonly #components: StreamRouterComponents;
  readonly #options: StreamRouterOptions;

  constructor(components: StreamRouterComponents, options: StreamRouterOptions) {
    this.#components = components;
    this.#options = options;
  }

  openStream(request: StreamRequest, signal: AbortSignal): Promise<RoutedStream> {
    const { pool, clock } = this.#components;
    return tryCircuits(pool, this.#circuitRequest(request, signal), async (circuit) => {
      const startMs = clock.monotonicMs();
      const stream = await circuit.openStream(request.target, { early: request.early, signal });
      const opened = { hop: circuit.hops.length, stage: "connect", ms: clock.monotonicMs() - startMs };
      return { stream, route: summary(circuit.hops), timings: [...circuit.timings, opened] };
    });
  }

  openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<CapsuleDatagrams> {
    const circuitRequest = this.#circuitRequest(request, signal);
    return tryCircuits(this.#components.pool, circuitRequest, (circuit) =>
      circuit.openDatagrams(request.target, { signal }),
    );
  }

  #circuitRequest({ user, constraints, early }: StreamRequest, signal: AbortSignal): CircuitRequest {
    const { random } = this.#components;
    return {
      key: isolationKey({ user, constraints: constraintsKey(constraints) }),
      plan: (failed) => {
        const candidates = this.#candidates().filter((candidate) => !failed.has(candidate.peerId));
        return planCircuit(constraints, candidates, random, this.#options).map(asHop);
      },
      sendsBytes: (early?.length ?? 0) > 0,
      signal,
    };
  }

  #candidates(): readonly Candidate[] {
    return this.#components.peers
      .current()
      .flatMap(({ advertisement, envelope }) => advertisedCandidate(advertisement, envelope, this.#options) ?? []);
  }
}

function asHop({ peerId, endpoint, envelope, country }: Candidate): Hop {
  return { peerId: parsePeerId(peerId), endpoint, envelope, ...(country === undefined ? {} : { country }) };
}

function summary(hops: readonly Hop[]): RouteSummary {
  const told = hops.map(({ peerId, country }) => (country === undefined ? { peerId } : { peerId, country }));
  return { hops: told, exit: told.at(-1) ?? { peerId: "" } };
}
