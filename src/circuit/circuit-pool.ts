import { withAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import type { Observer } from "../trust/observer.ts";
import type { Circuit } from "./circuit.ts";
import type { BuildOptions, CircuitBuilder } from "./circuit-builder.ts";
import type { CircuitGroup, Suits } from "./circuit-group.ts";
import { CircuitGroups } from "./circuit-groups.ts";
import type { CircuitRequest, Fits, PathSelector } from "./circuit-request.ts";
import { FailedBuilds } from "./failed-builds.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { buildHedged } from "./hedged-build.ts";
import { failureIn } from "./hop.ts";
import { type IsolationGroup, joinGroups } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { SpareCircuits } from "./spare-circuits.ts";

/** The components of a pool. */
export interface CircuitPoolComponents {
  readonly builder: Pick<CircuitBuilder, "build" | "leave" | "stop">;
  readonly observer: Pick<Observer, "observe">;
  /** Exits that take no more streams for a moment. Default: none. */
  readonly paces?: PacedExits;
  /** Remembers failed builds. Default: a memory of the pool's own, without news of nodes. */
  readonly failedBuilds?: FailedBuilds;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Tells which exits take no more for a moment. */
export interface PacedExits {
  readonly isAnyPaced: boolean;
  /** How long until the exit takes one more stream, in ms; 0 when it does now. */
  waitMs(exit: string): number;
}

/** How a pool works. */
export interface CircuitPoolOptions {
  /** The most unused circuits kept ready for one set of constraints; 0 builds none ahead. */
  readonly spareCircuits?: number | undefined;
}

/** The circuits that a request can use, of those that its group may share. */
export interface LookUp {
  /** Default: each exit fits. */
  readonly fits?: Fits | undefined;
  /** Peers that must not be in the circuit. */
  readonly failed?: ReadonlySet<string> | undefined;
}

const GROUP_MOST = CIRCUIT_LIMITS.circuitsPerGroup.value;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * The circuits of a client: those in use, each bound to one isolation group, and spares, which are bound to none.
 *
 *     asked ─► group has one that fits, with room? ─► is there a spare? ─► build, hedged
 *                   │ worn or nearly full: the next one is made ready beside it
 *     asked, and the group rotates ─► may it take a fresh one? ─► the one that served longest ago
 */
export class CircuitPool {
  readonly #components: CircuitPoolComponents;
  readonly #groups: CircuitGroups;
  readonly #spares: SpareCircuits;
  /** Every circuit that is not closed yet, with the group that it is bound to. */
  readonly #open = new Map<Circuit, IsolationGroup | undefined>();
  readonly #failedBuilds: FailedBuilds;
  readonly #buildHedges: HedgeBudget;
  /** How fast all groups together take fresh circuits when they rotate. */
  readonly #pace = new TokenBucket({
    perSecond: CIRCUIT_LIMITS.rotationsPerSecondInAll.value,
    burst: CIRCUIT_LIMITS.rotationBurstInAll.value,
  });
  #joins = 0;
  readonly #building = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  readonly #timer: Timer;

  constructor(components: CircuitPoolComponents, options: CircuitPoolOptions = {}) {
    const { clock, logger } = components;
    this.#components = components;
    this.#groups = new CircuitGroups(components);
    this.#failedBuilds = components.failedBuilds ?? new FailedBuilds(components);
    this.#buildHedges = new HedgeBudget(components);
    const build = (choose: PathSelector): Promise<Circuit> => this.#make(choose, {});
    const most = options.spareCircuits ?? CIRCUIT_LIMITS.sparesPerDemand.value;
    this.#spares = new SpareCircuits({ clock, logger, build }, { most });
    this.#timer = clock.every(CIRCUIT_LIMITS.checkPeriodMs.value, () => this.#tick());
  }

  /** Circuits open now, unused ones included. */
  get size(): number {
    return this.#open.size;
  }

  /** Sets of constraints for which circuits are, or may be, built ahead. */
  get demands(): number {
    return this.#spares.demands;
  }

  /** Circuits that are open or being built, and bound to no group. */
  get spares(): number {
    return this.#spares.size;
  }

  /**
   * A circuit that is open and can carry one more stream of the request's group. Undefined if there is none: `build` makes
   * one. Throws ERR_STOPPED, and what `fits` throws.
   */
  find(request: CircuitRequest, { fits, failed = NOBODY }: LookUp = {}): Circuit | undefined {
    if (this.#stop.signal.aborted) throw stopped();
    const group = this.#groups.use(request.group);
    const ready = this.#ready(group, request, suiting(fits, failed));
    return ready === undefined ? undefined : group.serve(ready);
  }

  /**
   * A circuit for a request for which `find` has found none: one that is built for others of its group, or for it. Those who
   * wait together may be more than it has room for. Throws what planning or building throws, or threw a moment ago,
   * ERR_LOCAL_LIMIT, ERR_STOPPED or the abort reason.
   */
  async build(request: CircuitRequest, lookUp: LookUp = {}, signal?: AbortSignal): Promise<Circuit> {
    const { fits, failed = NOBODY } = lookUp;
    const suits = suiting(fits, failed);
    for (let joined = 0; ; joined += 1) {
      const group = this.#groups.use(request.group);
      const trial = failed.size === 0 ? this.#trial(request) : undefined;
      if (trial !== undefined) await withAbort(trial, signal);
      else {
        const others = joined < CIRCUIT_LIMITS.buildsJoined.value ? this.#othersBuild(group, request) : undefined;
        if (others === undefined)
          return group.serve(await withAbort(this.#build(group, request, suits, failed, true), signal));
        const circuit = await withAbort(others, signal).catch((error: unknown) => {
          // Their request cannot be served; this one may ask for something else.
          if (toBywayError(error).code !== "ERR_NO_NODE") throw error;
        });
        if (circuit !== undefined && suits(circuit)) return group.serve(circuit);
      }
      const ready = this.find(request, lookUp);
      if (ready !== undefined) return ready;
    }
  }

  /** Finds a circuit, or builds one. Throws as these do. */
  async circuit(request: CircuitRequest, lookUp?: LookUp, signal?: AbortSignal): Promise<Circuit> {
    return this.find(request, lookUp) ?? this.build(request, lookUp, signal);
  }

  /** Notes that circuits of these constraints will be wanted, and builds them ahead. */
  expect(request: CircuitRequest): void {
    this.#spares.ask(request.group.constraints, request);
  }

  /**
   * Everything through `peer`, which is gone as `failed` shows, takes no new streams: circuits finish those that they carry,
   * unused ones end. A loss may be the work of a hop before it.
   */
  leave(peer: string, failed: Circuit): void {
    this.#components.observer.observe(failureIn(failed.hops, peer, false));
    if (failed.hops[0]?.peerId === peer) this.#components.builder.leave(peer);
    this.#spares.leave(peer);
    for (const [circuit, group] of this.#open) {
      if (group !== undefined && circuit.hops.some(({ peerId }) => peerId === peer)) circuit.close();
    }
  }

  /** Ends all circuits. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stop.abort(stopped());
    this.#spares.close();
    await Promise.allSettled(this.#building);
    const circuits = [...this.#open.keys()];
    for (const circuit of circuits) circuit.destroy();
    await Promise.all(circuits.map((circuit) => circuit.closed));
    await this.#components.builder.stop();
  }

  /** A circuit of the group that suits, or a spare. */
  #ready(group: CircuitGroup, request: CircuitRequest, suits: Suits): Circuit | undefined {
    // A session's exit was chosen for it alone: other requests are unlikely to fit a spare like it.
    if (request.group.session === "") this.expect(request);
    if (request.rotates === true) return this.#rotated(group, request, suits);
    const current = group.current(suits);
    if (current === undefined) return this.#takeSpare(group, request, suits);
    if (group.wantsSuccessor(current) && this.#takeSpare(group, request, suits) === undefined)
      this.#prepare(group, request, suits);
    return current;
  }

  /** A fresh circuit as often as the pace allows, else the one of the group whose turn it is. */
  #rotated(group: CircuitGroup, request: CircuitRequest, suits: Suits): Circuit | undefined {
    const next = group.next(
      suits,
      this.#components.paces?.isAnyPaced === true ? (exit) => this.#components.paces?.waitMs(exit) ?? 0 : undefined,
    );
    if (next !== undefined && !this.#maySpend(group)) return next;
    // A second circuit to an exit of the group changes nothing, and costs more: fewer streams share a write.
    const isNews = (circuit: Circuit): boolean => suits(circuit) && group.brings(circuit);
    const spare = this.#takeSpare(group, request, next === undefined ? suits : isNews);
    if (spare !== undefined) {
      this.#pay(group);
      return spare;
    }
    const isComing = this.#spares.sizeOf(request.group.constraints) > 0;
    if (next !== undefined && !isComing && group.mayPrepare) {
      this.#pay(group);
      this.#prepare(group, request, suits);
    }
    return next;
  }

  /** Whether a group that rotates may take a fresh circuit. */
  #maySpend(group: CircuitGroup): boolean {
    const nowMs = this.#components.clock.monotonicMs();
    return group.pace.waitMs(nowMs) === 0 && this.#pace.waitMs(nowMs) === 0;
  }

  /** As `#maySpend`. If it may, the circuit counts as taken. */
  #pay(group: CircuitGroup): boolean {
    if (!this.#maySpend(group)) return false;
    const nowMs = this.#components.clock.monotonicMs();
    this.#pace.take(nowMs);
    group.pace.take(nowMs);
    return true;
  }

  #takeSpare(group: CircuitGroup, request: CircuitRequest, suits: Suits): Circuit | undefined {
    if (group.full && request.rotates !== true) return undefined;
    const exit = this.#pinned(group, request, suits);
    const circuit = this.#spares.take(request.group.constraints, (spare) => group.takes(spare, suits, exit));
    return circuit === undefined ? undefined : this.#bind(circuit, group);
  }

  #pinned(group: CircuitGroup, request: CircuitRequest, suits: Suits): PeerId | undefined {
    return request.rotates === true || request.group.session !== "" ? undefined : group.pinned(suits);
  }

  /** Builds another circuit for the group. Its present ones serve until then. */
  #prepare(group: CircuitGroup, request: CircuitRequest, suits: Suits): void {
    this.#build(group, request, suits, NOBODY, false).catch(({ code }: BywayError) => {
      group.noteNoSuccessor();
      this.#components.logger.debug("the next circuit of a group could not be built", { code });
    });
  }

  /** Another request's attempt with the nodes that this request would try as well, all of which failed before. */
  #trial(request: CircuitRequest): Promise<void> | undefined {
    // The key is worked out for each request.
    const key = this.#failedBuilds.size > 0 ? request.nodesKey : undefined;
    return key === undefined ? undefined : this.#failedBuilds.trial(key);
  }

  /** A circuit that is being built for the group and is worth waiting for; those who rotate spread over several. */
  #othersBuild(group: CircuitGroup, request: CircuitRequest): Promise<Circuit> | undefined {
    const { building } = group;
    if (request.rotates !== true) return building.at(-1);
    const isPaid = !group.full && this.#pay(group);
    if (isPaid || building.length === 0) return undefined;
    this.#joins += 1;
    return building[this.#joins % building.length];
  }

  /** Builds a circuit for the group. The build is hedged if a request waits for it. */
  #build(
    group: CircuitGroup,
    request: CircuitRequest,
    suits: Suits,
    failed: ReadonlySet<string>,
    isAwaited: boolean,
  ): Promise<Circuit> {
    // A group that rotates leaves a circuit when the fresh one joins. Any other group leaves one that does not suit.
    const isFull =
      group.full && !(request.rotates === true ? group.building.length < GROUP_MOST : group.makeRoom(not(suits)));
    if (isFull) return Promise.reject(new BywayError("ERR_LOCAL_LIMIT", "too many streams of one user are open"));
    const avoid = request.rotates === true ? group.exits : undefined;
    const make = (options: BuildOptions): Promise<Circuit> =>
      isAwaited
        ? this.#makeHedged(request, { ...options, avoid, requestId: request.id }).then((circuit) => {
            if (!group.brings(circuit)) group.noteNoNews();
            return circuit;
          })
        : this.#makeNews(group, request, { ...options, avoid });
    const build = this.#buildFor(group, make, failed, this.#pinned(group, request, suits)).finally(() => {
      group.building.splice(group.building.indexOf(build), 1);
    });
    group.building.push(build);
    if (isAwaited && failed.size === 0) this.#failedBuilds.follow(request, build);
    return build;
  }

  async #buildFor(
    group: CircuitGroup,
    make: (options: BuildOptions) => Promise<Circuit>,
    failed: ReadonlySet<string>,
    exit: PeerId | undefined,
  ): Promise<Circuit> {
    if (exit !== undefined) {
      try {
        return this.#bind(await make({ failed, exit }), group);
      } catch (error) {
        if (!(error instanceof BywayError) || error.kind !== "hop") throw error;
      }
    }
    return this.#bind(await make({ failed }), group);
  }

  /** A circuit for which no request waits. A group that rotates takes it only if it brings another exit. */
  async #makeNews(group: CircuitGroup, request: CircuitRequest, options: BuildOptions): Promise<Circuit> {
    const circuit = await this.#make((hints) => request.choose(hints), options);
    if (request.rotates !== true || group.brings(circuit)) return circuit;
    group.noteNoNews();
    this.#spares.adopt(request.group.constraints, circuit);
    throw new BywayError("ERR_NO_NODE", "all exits that are chosen serve already");
  }

  #makeHedged(request: CircuitRequest, options: BuildOptions): Promise<Circuit> {
    const { clock } = this.#components;
    const build = (more: BuildOptions): Promise<Circuit> => this.#make((hints) => request.choose(hints), more);
    const isSession = request.group.session !== "";
    const onLate = (circuit: Circuit): void => {
      if (isSession) circuit.destroy();
      else this.#spares.adopt(request.group.constraints, circuit);
    };
    return buildHedged({ clock, budget: this.#buildHedges, build, onLate }, options, {
      isExitFixed: isSession || options.exit !== undefined,
    });
  }

  async #make(choose: PathSelector, options: BuildOptions): Promise<Circuit> {
    const building = this.#components.builder.build(choose, { ...options, signal: this.#stop.signal });
    this.#building.add(building);
    try {
      const circuit = await building;
      this.#open.set(circuit, undefined);
      void circuit.closed.then(() => {
        this.#open.delete(circuit);
        if (circuit.deadPeer !== undefined) this.leave(circuit.deadPeer, circuit);
      });
      return circuit;
    } finally {
      this.#building.delete(building);
    }
  }

  #bind(circuit: Circuit, group: CircuitGroup): Circuit {
    const joined = joinGroups(this.#open.get(circuit), group.isolation);
    if (joined === undefined) throw new BywayError("ERR_INTERNAL", "a circuit was to be shared between groups");
    if (this.#open.has(circuit)) this.#open.set(circuit, joined);
    const holder = this.#groups.holder(joined, group);
    holder.add(circuit);
    this.#evict(holder);
    return circuit;
  }

  #tick(): void {
    this.#spares.check();
    this.#groups.check();
  }

  /** Makes room by closing circuits of other groups than `kept`, those unused for longest first. */
  #evict(kept: CircuitGroup): void {
    if (this.#open.size <= CIRCUIT_LIMITS.circuits.value) return;
    const usable = [...this.#open.keys()].filter((circuit) => circuit.usable);
    this.#groups.evict(usable.length - CIRCUIT_LIMITS.circuits.value, kept);
  }
}

/** Whether a circuit has none of `failed` and an exit that fits. */
function suiting(fits: Fits | undefined, failed: ReadonlySet<string>): Suits {
  return ({ hops }) => {
    if (failed.size > 0 && hops.some(({ peerId }) => failed.has(peerId))) return false;
    const exit = hops.at(-1);
    return fits === undefined || (exit !== undefined && fits(exit));
  };
}

function not(suits: Suits): Suits {
  return (circuit) => !suits(circuit);
}

function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the client has stopped");
}
