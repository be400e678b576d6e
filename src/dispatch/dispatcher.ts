import type { Circuit, StageTiming } from "../circuit/circuit.ts";
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
import type { CandidateSource } from "./candidate-source.ts";
import type { CircuitOutcomes } from "./circuit-outcomes.ts";
import { failedPeer } from "./failed-peer.ts";
import { wishOf } from "./path-planner.ts";
import { type Asked, ProxyRequest, type ProxyRequestOptions } from "./proxy-request.ts";
import { race } from "./race.ts";
import type { RefusalMemory } from "./refusal-memory.ts";
import type { RequestLog } from "./request-log.ts";
import { RunningRequest, type RunningRequestComponents } from "./running-request.ts";
import type { SearchMemory } from "./search-memory.ts";
import { streamEnd } from "./stream-end.ts";

/** An opened stream and how long each stage took. */
export interface RoutedStream extends OpenedStream {
  /** Building the circuit (as measured when it was built) and opening this stream. */
  readonly timings: readonly StageTiming[];
  /** Why the stream ended, if it did not end well; of one that has closed. */
  readonly failure: () => BywayError | undefined;
}

/** What a dispatcher is made of. */
export interface DispatcherComponents extends RunningRequestComponents {
  readonly pool: CircuitPool;
  readonly peers: Pick<CandidateSource, "usable" | "find"> & Partial<Pick<CandidateSource, "clockDoubt">>;
  readonly searches: SearchMemory;
  readonly refusals: RefusalMemory;
  readonly outcomes: CircuitOutcomes;
  readonly log: RequestLog;
  readonly clock: Clock;
}

/** What one use of a circuit made, and what is needed to follow it. */
interface Used<T> {
  readonly made: T;
  readonly circuit: Circuit;
  readonly startMs: number;
}

/**
 * Opens what an app asks for: a request's constraints become hops, the hops a circuit, the circuit a stream.
 *
 *     openStream ─► #open: an entry in the log, the request's claim (RunningRequest)
 *       ─► #onCircuit: a refusal that is remembered? else `race`, and a search for nodes where none fits
 *         ─► race (race.ts): finds a circuit and calls `use` on it: the request goes out
 *       ─► hold: the session has this exit now ─► follow: what comes later is logged and observed
 */
export class Dispatcher implements StreamOpener {
  readonly #components: DispatcherComponents;
  readonly #options: ProxyRequestOptions;

  constructor(components: DispatcherComponents, options: ProxyRequestOptions) {
    this.#components = components;
    this.#options = options;
  }

  async openStream(request: StreamRequest, signal: AbortSignal): Promise<RoutedStream> {
    const opened = await this.#open(request, "tcp", signal, {
      use: async (circuit, aborted) => {
        const started = circuit.startStream(request.target, { early: request.early, signal: aborted });
        if (request.optimistic !== true) await started.accepted;
        return { ...started, circuit };
      },
      release: ({ stream }) => stream.destroy(),
      follow: ({ made: { stream, accepted }, circuit, startMs }, asked) => {
        const { entry } = asked;
        entry.counting(() => trafficOf(stream));
        if (request.optimistic === true) {
          // Nobody waits who could try another circuit, but one that failed is left all the same.
          accepted.then(
            () => {
              this.#components.outcomes.answered(circuit, startMs);
            },
            (cause: unknown) => this.#failedLate(circuit, stream, asked.judged(circuit, toBywayError(cause))),
          );
        }
        stream.once("close", () => {
          entry.ended(streamEnd({ stream, circuit }));
          this.#components.outcomes.ended(circuit);
        });
      },
    });
    const { made, ...told } = opened;
    const { circuit, ...started } = made;
    const { stream } = started;
    return { ...told, ...started, bytes: () => trafficOf(stream), failure: () => streamEnd({ stream, circuit }) };
  }

  async openDatagrams(request: StreamRequest, signal: AbortSignal): Promise<DatagramFlow> {
    const { made } = await this.#open<CapsuleDatagrams>(request, "udp", signal, {
      use: (circuit, aborted) => circuit.openDatagrams(request.target, { signal: aborted }),
      release: (flow) => flow.close(),
      follow: ({ made: flow, circuit }, { entry }) => {
        entry.counting(() => trafficOf(flow.counts));
        void flow.closed.then(() => {
          entry.ended();
          this.#components.outcomes.ended(circuit);
        });
      },
    });
    return made;
  }

  noteRefused({ user, target, error }: RefusedRequest): void {
    const { listener } = this.#options;
    const { log } = this.#components;
    log
      .begin({ user, listener, ...(target === undefined ? {} : { target }), protocol: "tcp", constraints: "" })
      .ended(error);
  }

  /** What a request would be given now, and why; opens nothing and begins no session. Throws what choosing throws. */
  explain(asked: Asked): Explanation {
    return new ProxyRequest(this.#components, asked, this.#options).explain();
  }

  /** Has circuits built ahead for requests like `constraints`, as soon as there are nodes. Settles when that is begun. */
  async expect(constraints: Constraints, signal: AbortSignal): Promise<void> {
    const { peers, pool, planner } = this.#components;
    const asked = new ProxyRequest(this.#components, { user: "", constraints, protocol: "tcp" }, this.#options);
    const wish = wishOf({ constraints });
    const find = (): Promise<boolean> => peers.find(wish, planner.hopsOf(constraints), signal).catch(() => false);
    if ((peers.usable().size > 0 || (await find())) && !signal.aborted) pool.expect(asked);
  }

  async #open<T>(
    request: StreamRequest,
    protocol: "tcp" | "udp",
    signal: AbortSignal,
    how: {
      readonly use: (circuit: Circuit, signal: AbortSignal) => Promise<T>;
      readonly release: (made: T) => void;
      readonly follow: (used: Used<T>, asked: RunningRequest) => void;
    },
  ): Promise<Omit<RoutedStream, "stream" | "failure"> & { readonly made: T }> {
    const { clock, log, planner } = this.#components;
    const { user, constraints, target } = request;
    const { listener } = this.#options;
    const entry = log.begin({ user, listener, target, protocol, constraints: printConstraints(constraints) });
    const asked = new RunningRequest(this.#components, request, { protocol, entry, signal }, this.#options);
    try {
      const { made, circuit, startMs } = await this.#onCircuit(asked, {
        use: async (one, aborted) => {
          const beganMs = clock.monotonicMs();
          try {
            return { made: await how.use(one, aborted), circuit: one, startMs: beganMs };
          } catch (cause) {
            throw asked.judged(one, toBywayError(cause));
          }
        },
        release: (late) => how.release(late.made),
      });
      const exit = circuit.hops.at(-1);
      const moved =
        exit === undefined
          ? undefined
          : heldOr(
              () => asked.hold(exit),
              () => how.release(made),
            );
      const { endsAtMs } = asked;
      const answered = { hop: circuit.hops.length, stage: "connect", ms: clock.monotonicMs() - startMs };
      const timings = [...circuit.timings, answered];
      const route = planner.summary(circuit.hops);
      entry.routed(route, timings, exit === undefined ? undefined : planner.explanationOf(exit));
      if (moved !== undefined) entry.moved(moved.from, moved.reason);
      how.follow({ made, circuit, startMs }, asked);
      return {
        made,
        route,
        timings,
        requestId: entry.id,
        isForOne: asked.rotates,
        ...(endsAtMs === undefined ? {} : { endsAtMs }),
        ...(moved === undefined ? {} : { moved }),
      };
    } catch (cause) {
      const error = asked.failure(this.#clockError(portError(toBywayError(cause))));
      entry.ended(error);
      throw signal.aborted ? error : error.with({ requestId: entry.id });
    }
  }

  /** That no node is known at all has another cause where all that came is dated wrong. */
  #clockError(error: BywayError): BywayError {
    const doubt = error.code === "ERR_NO_NODE" ? this.#components.peers.clockDoubt : undefined;
    const [all] = funnelIn(error.data) ?? [];
    if (doubt === undefined || all?.left !== 0) return error;
    const message = `no node can be used, and ${clockDoubtReason(doubt)}: set this machine's clock`;
    return new BywayError("ERR_CLOCK_OFF", message, { data: error.data, cause: error });
  }

  /** Runs `use` on a circuit, and once more where no node fitted and others could be found meanwhile. */
  async #onCircuit<T>(
    asked: RunningRequest,
    how: {
      readonly use: (circuit: Circuit, signal: AbortSignal) => Promise<T>;
      readonly release: (made: T) => void;
    },
  ): Promise<T> {
    const { refusals } = this.#components;
    const attempt = (): Promise<T> => race(this.#components, asked, how.use, how.release);
    // A request that one exit has declined already leaves that one out.
    const isFirst = asked.declined === undefined;
    const refusal = isFirst && refusals.size > 0 ? refusals.find(asked.refusalKey) : undefined;
    if (refusal !== undefined) throw refusal;
    try {
      return await attempt().catch((cause: unknown) => {
        const known = toBywayError(cause);
        if (known.code !== "ERR_NO_NODE") throw cause;
        return this.#afterSearch(known, asked, attempt);
      });
    } catch (cause) {
      const error = toBywayError(cause);
      if (isFirst && error.code === "ERR_NO_NODE") refusals.note(asked.refusalKey, error);
      throw cause;
    }
  }

  /** Searches the network for nodes that fit, unless that was in vain a moment ago, and runs `again`. */
  async #afterSearch<T>(
    known: BywayError,
    { constraints, protocol, group, signal }: RunningRequest,
    again: () => Promise<T>,
  ): Promise<T> {
    const { peers, planner, searches } = this.#components;
    const wish = wishOf({ constraints, protocol });
    const hops = planner.hopsOf(constraints);
    const search = searches.begin(wish, hops, group.user);
    if ("waitMs" in search) throw known.with({ retryAfterSec: Math.ceil(search.waitMs / 1_000) });
    let outcome: "found" | "vain" | "unknown" = "unknown";
    try {
      if (!(await peers.find(wish, hops, signal, search.isAgain))) throw known;
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

  #failedLate(circuit: Circuit, stream: CountedStream, error: BywayError): void {
    const { outcomes } = this.#components;
    if (error.kind === "hop") outcomes.failed(circuit, failedPeer(circuit, error));
    else outcomes.declined(circuit, error);
    stream.destroy(error);
  }
}

/** What `hold` returns; where it throws, what was made is of no use. */
function heldOr<T>(hold: () => T, release: () => void): T {
  try {
    return hold();
  } catch (error) {
    release();
    throw error;
  }
}

/** That no exit takes the port is their operators' policy, and told as such: it is what one of them would say. */
function portError(error: BywayError): BywayError {
  const { constraint } = error.data;
  const isPort = error.code === "ERR_NO_NODE" && typeof constraint === "string" && constraint.startsWith("port=");
  return isPort ? new BywayError("ERR_POLICY_PORT", error.message, { data: error.data, cause: error }) : error;
}

function trafficOf({ bytesRead, bytesWritten }: StreamCounts): { readonly sent: number; readonly received: number } {
  return { sent: bytesWritten, received: bytesRead };
}
