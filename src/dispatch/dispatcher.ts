import type { Circuit, StageTiming, StartedStream } from "../circuit/circuit.ts";
import type { CircuitPool } from "../circuit/circuit-pool.ts";
import type { Clock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type {
  DatagramFlow,
  OpenedStream,
  RefusedRequest,
  StreamOpener,
  StreamRequest,
} from "../ingress/stream-opener.ts";
import type { CapsuleDatagrams } from "../link/capsule-datagrams.ts";
import type { CountedStream, StreamCounts } from "../link/counted-stream.ts";
import { clockDoubtReason } from "../peers/clock-doubt.ts";
import { printConstraints } from "../routing/constraint-keys.ts";
import type { Constraints } from "../routing/constraints.ts";
import type { Explanation } from "../routing/explanation.ts";
import { funnelIn } from "../routing/no-node.ts";
import type { PlanRequest } from "../routing/plan-request.ts";
import type { CandidateSource } from "./candidate-source.ts";
import { type CircuitOutcomes, failedPeer, streamEnd } from "./circuit-outcomes.ts";
import { type PathPlanner, queryOf } from "./path-planner.ts";
import { ProxyRequest, type ProxyRequestComponents, type ProxyRequestOptions } from "./proxy-request.ts";
import { race, type Use, type Won } from "./race.ts";
import type { RefusalMemory } from "./refusal-memory.ts";
import type { RequestLog } from "./request-log.ts";
import type { SearchMemory } from "./search-memory.ts";

/** An opened stream and how long each stage took. */
export interface RoutedStream extends OpenedStream {
  /** Building the circuit (as measured when it was built) and opening this stream. */
  readonly timings: readonly StageTiming[];
  /** The error with which the stream ended, if it did not end well; of one that has closed. */
  readonly failure: () => BywayError | undefined;
}

/** The components of a dispatcher. */
export interface DispatcherComponents extends ProxyRequestComponents {
  readonly planner: PathPlanner;
  readonly pool: CircuitPool;
  readonly peers: Pick<CandidateSource, "usable" | "find"> & Partial<Pick<CandidateSource, "clockDoubt">>;
  readonly searches: SearchMemory;
  readonly refusals: RefusalMemory;
  readonly outcomes: CircuitOutcomes;
  readonly log: RequestLog;
  readonly clock: Clock;
}

/** The parts of an opened stream that are the same for a flow of datagrams. */
type Routed = Pick<RoutedStream, "route" | "timings" | "requestId" | "isForOne" | "endsAtMs" | "moved">;

const NEVER: AbortSignal = new AbortController().signal;

/**
 * Opens the streams that apps ask for: a request's constraints become hops, the hops a circuit, the circuit a stream.
 *
 *     openStream ─► #begin: the request, with an entry in the log
 *       ─► #open ─► #race: unless a refusal of the same request is remembered
 *            ─► race.ts finds circuits, and calls `startStream` on them: the CONNECT goes out
 *       ─► #routed: the session has this exit now, the log the route
 *       ─► #follow: the end of the stream goes to the log and the outcomes
 */
export class Dispatcher implements StreamOpener {
  readonly #components: DispatcherComponents;
  readonly #options: ProxyRequestOptions;

  constructor(components: DispatcherComponents, options: ProxyRequestOptions) {
    this.#components = components;
    this.#options = options;
  }

  async openStream(asked: StreamRequest, signal: AbortSignal): Promise<RoutedStream> {
    const request = this.#begin(asked, "tcp", signal);
    const won = await this.#open(request, startStream, dropStream);
    const { made, circuit, routed } = won;
    const { stream, accepted } = made;
    this.#follow(request, won);
    return {
      ...routed,
      stream,
      accepted,
      bytes: () => trafficOf(stream),
      failure: () => streamEnd(stream, circuit),
    };
  }

  async openDatagrams(asked: StreamRequest, signal: AbortSignal): Promise<DatagramFlow> {
    const request = this.#begin(asked, "udp", signal);
    const { made: flow, circuit } = await this.#open(request, openFlow, dropFlow);
    request.entry.counting(() => trafficOf(flow.counts));
    void flow.closed.then(() => {
      request.entry.ended();
      this.#components.outcomes.ended(circuit);
    });
    return flow;
  }

  noteRefused({ user, target, error }: RefusedRequest): void {
    const { listener } = this.#options;
    this.#components.log.begin({ user, listener, target, protocol: "tcp", constraints: "" }).ended(error);
  }

  /** The circuit that a request would get now, and why; opens nothing and begins no session. Throws as choosing does. */
  explain(asked: PlanRequest & { readonly user: string }): Explanation {
    return this.#unsent(asked).explain();
  }

  /** Has circuits built ahead for requests like `constraints`, as soon as there are nodes. Settles when that is begun. */
  async expect(constraints: Constraints, signal: AbortSignal): Promise<void> {
    const { peers, pool, planner } = this.#components;
    const query = queryOf({ constraints });
    const find = (): Promise<boolean> => peers.find(query, planner.hopsOf(constraints), signal).catch(() => false);
    if ((peers.usable().size > 0 || (await find())) && !signal.aborted)
      pool.expect(this.#unsent({ user: "", constraints }));
  }

  #begin(asked: StreamRequest, protocol: "tcp" | "udp", signal: AbortSignal): ProxyRequest {
    const { user, target, constraints } = asked;
    const { listener } = this.#options;
    const fields = { user, listener, target, protocol, constraints: printConstraints(constraints) };
    const entry = this.#components.log.begin(fields);
    return new ProxyRequest(this.#components, asked, this.#options, { protocol, entry, signal });
  }

  /** Has `use` open the request on a circuit, and notes the way that it takes. */
  async #open<T>(
    request: ProxyRequest,
    use: Use<ProxyRequest, T>,
    release: (made: T) => void,
  ): Promise<Won<T> & { readonly routed: Routed }> {
    try {
      const won = await this.#race(request, use, release);
      try {
        return { ...won, routed: this.#routed(request, won) };
      } catch (error) {
        release(won.made);
        throw error;
      }
    } catch (cause) {
      const error = request.failure(this.#clockError(portError(toBywayError(cause))));
      request.entry.ended(error);
      throw request.signal.aborted ? error : error.with({ requestId: request.id });
    }
  }

  /** Tries circuits, and once more where no node fitted and a search found others. */
  async #race<T>(request: ProxyRequest, use: Use<ProxyRequest, T>, release: (made: T) => void): Promise<Won<T>> {
    const { refusals } = this.#components;
    // A request that one exit has declined already leaves that one out.
    const isFirst = request.declined === undefined;
    const refusal = isFirst && refusals.size > 0 ? refusals.find(request.refusalKey) : undefined;
    if (refusal !== undefined) throw refusal;
    let error: BywayError;
    try {
      return await race(this.#components, request, use, release);
    } catch (cause) {
      error = toBywayError(cause);
      if (error.code !== "ERR_NO_NODE") throw error;
    }
    try {
      return await this.#afterSearch(error, request, () => race(this.#components, request, use, release));
    } catch (cause) {
      error = toBywayError(cause);
      if (isFirst && error.code === "ERR_NO_NODE") refusals.note(request.refusalKey, error);
      throw error;
    }
  }

  /** Searches the network for nodes that fit, unless that was in vain a moment ago, and runs `again`. */
  async #afterSearch<T>(
    known: BywayError,
    { constraints, protocol, group, signal }: ProxyRequest,
    again: () => Promise<T>,
  ): Promise<T> {
    const { peers, planner, searches } = this.#components;
    const query = queryOf({ constraints, protocol });
    const hops = planner.hopsOf(constraints);
    const search = searches.begin(query, hops, group.user);
    if ("waitMs" in search) throw known.with({ retryAfterSec: Math.ceil(search.waitMs / 1_000) });
    let outcome: "found" | "vain" | "unknown" = "unknown";
    try {
      if (!(await peers.find(query, hops, signal, search.isAgain))) throw known;
      const made = await again();
      outcome = "found";
      return made;
    } catch (error) {
      const isVain = toBywayError(error).code === "ERR_NO_NODE" && error !== known;
      outcome = isVain ? "vain" : outcome;
      throw error;
    } finally {
      search.end(outcome);
    }
  }

  /** The session has this exit from now on, and the log the route. Throws ERR_SESSION_EXIT. */
  #routed(request: ProxyRequest, { circuit, beganMs }: Won<unknown>): Routed {
    const { clock, planner } = this.#components;
    const { hops } = circuit;
    const exit = hops.at(-1);
    const moved = exit === undefined ? undefined : request.hold(exit);
    const answered = { hop: hops.length, stage: "connect", ms: clock.monotonicMs() - beganMs };
    const timings = [...circuit.timings, answered];
    const route = planner.summary(hops);
    request.entry.routed(route, timings, exit === undefined ? undefined : planner.explanationOf(exit));
    if (moved !== undefined) request.entry.moved(moved.from, moved.reason);
    const { id, rotates, endsAtMs } = request;
    return { route, timings, requestId: id, isForOne: rotates, endsAtMs, moved };
  }

  /** Notes how the stream ends, and the late answer to an optimistic request. */
  #follow(request: ProxyRequest, { made: { stream, accepted }, circuit, beganMs }: Won<StartedStream>): void {
    const { outcomes } = this.#components;
    request.entry.counting(() => trafficOf(stream));
    if (request.isOptimistic) {
      // The app has its stream: no other circuit is tried, but one that failed is left all the same.
      accepted.then(
        () => outcomes.answered(circuit, beganMs),
        (cause: unknown) => this.#failedLate(circuit, stream, request.judged(circuit, toBywayError(cause))),
      );
    }
    stream.once("close", () => {
      request.entry.ended(streamEnd(stream, circuit));
      outcomes.ended(circuit);
    });
  }

  #failedLate(circuit: Circuit, stream: CountedStream, error: BywayError): void {
    const { outcomes } = this.#components;
    if (error.kind === "hop") outcomes.failed(circuit, failedPeer(circuit, error));
    else outcomes.declined(circuit, error);
    stream.destroy(error);
  }

  /** A request that never goes out. */
  #unsent({ user, constraints, protocol = "tcp", port = 0 }: PlanRequest & { readonly user: string }): ProxyRequest {
    const { listener } = this.#options;
    const entry = this.#components.log.unlisted({ user, listener, protocol, constraints: "" });
    const asked = { user, constraints, target: { host: "", port } };
    return new ProxyRequest(this.#components, asked, this.#options, { protocol, entry, signal: NEVER });
  }

  /** ERR_CLOCK_OFF in place of "no node is known" if all advertisements that came have impossible dates. */
  #clockError(error: BywayError): BywayError {
    const doubt = error.code === "ERR_NO_NODE" ? this.#components.peers.clockDoubt : undefined;
    const [all] = funnelIn(error.data) ?? [];
    if (doubt === undefined || all?.left !== 0) return error;
    const message = `no node can be used, and ${clockDoubtReason(doubt)}: set this machine's clock`;
    return new BywayError("ERR_CLOCK_OFF", message, { data: error.data, cause: error });
  }
}

/** Sends the CONNECT of a request, with the app's first bytes. Resolves when the exit has connected; at once if optimistic. */
async function startStream(
  circuit: Circuit,
  signal: AbortSignal,
  { target, early, isOptimistic }: ProxyRequest,
): Promise<StartedStream> {
  const started = circuit.startStream(target, { early, signal });
  if (!isOptimistic) await started.accepted;
  return started;
}

function dropStream({ stream }: StartedStream): void {
  stream.destroy();
}

function openFlow(circuit: Circuit, signal: AbortSignal, { target }: ProxyRequest): Promise<CapsuleDatagrams> {
  return circuit.openDatagrams(target, { signal });
}

function dropFlow(flow: CapsuleDatagrams): void {
  flow.close();
}

/** If no exit accepts the port, the error is ERR_POLICY_PORT, as an exit would answer. */
function portError(error: BywayError): BywayError {
  const { constraint } = error.data;
  const isPort = error.code === "ERR_NO_NODE" && typeof constraint === "string" && constraint.startsWith("port=");
  return isPort ? new BywayError("ERR_POLICY_PORT", error.message, { data: error.data, cause: error }) : error;
}

function trafficOf({ bytesRead, bytesWritten }: StreamCounts): { readonly sent: number; readonly received: number } {
  return { sent: bytesWritten, received: bytesRead };
}
