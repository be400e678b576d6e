import type { Duplex } from "node:stream";
import type { Circuit, StageTiming } from "../circuit/circuit.ts";
import type { CircuitNeed, CircuitPool } from "../circuit/circuit-pool.ts";
import type { Hop } from "../circuit/hop.ts";
import type { HopWishes } from "../circuit/hop-chooser.ts";
import { type CircuitRequest, failedPeer, tryCircuits } from "../circuit/try-circuits.ts";
import type { Clock } from "../core/clock.ts";
import { type BywayError, toBywayError } from "../core/errors.ts";
import type { Random } from "../core/random.ts";
import { parsePeerId } from "../identity/peer-id.ts";
import type { OpenedStream, RouteSummary, StreamOpener, StreamRequest } from "../ingress/stream-opener.ts";
import type { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import { advertisedCandidate } from "../routing/advertised-candidate.ts";
import type { Candidate } from "../routing/candidate.ts";
import { type Constraints, constraintsKey } from "../routing/constraints.ts";
import { planCircuit } from "../routing/plan.ts";
import type { PeerWish } from "../wire/peer-wish.ts";
import type { PeerSource } from "./peer-source.ts";

/** An opened stream and how long each stage took. */
export interface RoutedStream extends OpenedStream {
  /** Building the circuit (as measured when it was built) and opening this stream. */
  readonly timings: readonly StageTiming[];
}

/** What a router is made of. */
export interface StreamRouterComponents {
  readonly pool: CircuitPool;
  readonly peers: Pick<PeerSource, "candidates" | "find" | "expect">;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a router assumes. */
export interface StreamRouterOptions {
  /** Hops of a circuit when a request does not say. */
  readonly defaultHops: number;
  /** Let hops of one circuit share a network. */
  readonly sharedNetworks: boolean;
  /** The listener that its requests come through, which shares no circuit with another; "" for the library. */
  readonly listener: string;
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
    const { clock } = this.#components;
    return this.#onCircuit(request, signal, async (circuit) => {
      const startMs = clock.monotonicMs();
      const started = circuit.startStream(request.target, { early: request.early, signal });
      if (request.optimistic !== true) await started.accepted;
      else started.accepted.catch((cause: unknown) => this.#failedLate(circuit, started.stream, toBywayError(cause)));
      const opened = { hop: circuit.hops.length, stage: "connect", ms: clock.monotonicMs() - startMs };
      return { ...started, route: summary(circuit.hops), timings: [...circuit.timings, opened] };
    });
  }

  openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<CapsuleDatagrams> {
    return this.#onCircuit(request, signal, (circuit) => circuit.openDatagrams(request.target, { signal }));
  }

  /** Has circuits built ahead for requests that ask for nothing, as soon as there are nodes. Settles when that is begun. */
  async expect(signal: AbortSignal): Promise<void> {
    const { peers, pool } = this.#components;
    const hops = this.#options.defaultHops;
    const isReady = peers.candidates(EXIT).length > 0 || (await peers.find(EXIT, hops, signal).catch(() => false));
    if (isReady && !signal.aborted) pool.expect(this.#need("", {}));
  }

  /** Runs `use` on a circuit, and once more where no node fitted and others could be found meanwhile. */
  async #onCircuit<T>(request: StreamRequest, signal: AbortSignal, use: (circuit: Circuit) => Promise<T>): Promise<T> {
    const { pool, peers } = this.#components;
    const circuitRequest = this.#circuitRequest(request, signal);
    try {
      return await tryCircuits(pool, circuitRequest, use);
    } catch (error) {
      if (toBywayError(error).code !== "ERR_NO_NODE") throw error;
      const { constraints } = request;
      const hops = constraints.hops ?? this.#options.defaultHops;
      if (!(await peers.find(wishOf(constraints), hops, signal))) throw error;
      return await tryCircuits(pool, circuitRequest, use);
    }
  }

  /** The app has the stream already: nobody waits who could try another circuit, but this one is left all the same. */
  #failedLate(circuit: Circuit, stream: Duplex, error: BywayError): void {
    if (error.kind === "hop") this.#components.pool.retire(circuit, failedPeer(circuit, error));
    stream.destroy(error);
  }

  #circuitRequest({ user, constraints, early }: StreamRequest, signal: AbortSignal): CircuitRequest {
    return { ...this.#need(user, constraints), sendsBytes: (early?.length ?? 0) > 0, signal };
  }

  #need(user: string, { session = "", ...constraints }: Constraints): CircuitNeed {
    return {
      group: { user, session, listener: this.#options.listener, constraints: constraintsKey(constraints) },
      choose: (wishes) => this.#choose(constraints, wishes),
    };
  }

  #choose(constraints: Constraints, { kept, failed, guards, exit }: HopWishes): readonly Hop[] {
    const wish = wishOf(exit === undefined ? constraints : { ...constraints, node: exit });
    const candidates = this.#candidates(wish);
    const standing = new Map(candidates.map((candidate) => [candidate.peerId, candidate]));
    const plan = planCircuit(
      exit === undefined ? constraints : { ...constraints, node: exit },
      candidates.filter((candidate) => !failed.has(candidate.peerId)),
      this.#components.random,
      { ...this.#options, kept: kept.map((hop) => standing.get(hop.peerId) ?? asCandidate(hop)), guards },
    );
    return plan.map((candidate, index) => kept[index] ?? asHop(candidate));
  }

  #candidates(wish: PeerWish): readonly Candidate[] {
    const { peers } = this.#components;
    peers.expect(wish);
    return peers.candidates(wish).flatMap((peer) => advertisedCandidate(peer, this.#options) ?? []);
  }
}

function asHop({ peerId, endpoint, envelope, country }: Candidate): Hop {
  return { peerId: parsePeerId(peerId), endpoint, envelope, ...(country === undefined ? {} : { country }) };
}

/** A hop whose advertisement has expired since it was chosen. */
function asCandidate(hop: Hop): Candidate {
  return { ...hop, roles: [] };
}

const EXIT: PeerWish = { roles: ["exit"] };

/** The exits that fit `constraints`. */
function wishOf({ countries = [], node }: Constraints): PeerWish {
  return {
    ...EXIT,
    ...(countries.length === 0 ? {} : { countries: [...new Set(countries)].sort() }),
    ...(node === undefined ? {} : { peers: [node] }),
  };
}

function summary(hops: readonly Hop[]): RouteSummary {
  const told = hops.map(({ peerId, country }) => (country === undefined ? { peerId } : { peerId, country }));
  return { hops: told, exit: told.at(-1) ?? { peerId: "" } };
}
