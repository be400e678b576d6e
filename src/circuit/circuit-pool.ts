import { withAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { PeerId } from "../identity/peer-id.ts";
import { TokenBucket } from "../rate/token-bucket.ts";
import type { Observer } from "../trust/observer.ts";
import type { BuildOptions } from "./build-options.ts";
import type { Circuit } from "./circuit.ts";
import type { CircuitBuilder } from "./circuit-builder.ts";
import type { CircuitGroup } from "./circuit-group.ts";
import { CircuitGroups } from "./circuit-groups.ts";
import { type CircuitSpec, type Suits, suiting } from "./circuit-spec.ts";
import { CircuitStocks } from "./circuit-stocks.ts";
import { FailedBuilds } from "./failed-builds.ts";
import { HedgeBudget } from "./hedge-budget.ts";
import { buildHedged } from "./hedged-build.ts";
import { type IsolationGroup, joinGroups } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";
import { failureIn } from "./observed-hop.ts";
import type { PathSelector } from "./path-selector.ts";

/** What a pool works with. */
export interface CircuitPoolComponents {
  readonly builder: Pick<CircuitBuilder, "build" | "leave" | "stop">;
  readonly observer: Pick<Observer, "observe">;
  /** Exits that take no more for a moment; by default none does. */
  readonly paces?: PacedExits;
  /** What cannot be built for now; by default a memory of the pool's own, which no news of nodes shortens. */
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
  readonly spareCircuits?: number;
}

const GROUP_MOST = CIRCUIT_LIMITS.circuitsPerGroup.value;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * The circuits of a client: those in use, each bound to one isolation group, and those built ahead, bound to nobody.
 *
 *     asked ─► group has one that fits, with room? ─► stock has a spare? ─► build, hedged
 *                   │ worn or nearly full: the next one is made ready beside it
 *     asked, and the group rotates ─► may it take a fresh one? ─► the one that served longest ago
 */
export class CircuitPool {
  readonly #components: CircuitPoolComponents;
  readonly #groups: CircuitGroups;
  readonly #stocks: CircuitStocks;
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
    this.#stocks = new CircuitStocks({ clock, logger, build }, { most });
    this.#timer = clock.every(CIRCUIT_LIMITS.checkPeriodMs.value, () => this.#tick());
  }

  /** Circuits open now, unused ones included. */
  get size(): number {
    return this.#open.size;
  }

  /** Sets of constraints for which circuits are, or may be, built ahead. */
  get demands(): number {
    return this.#stocks.demands;
  }

  /** Circuits that are open and bound to nobody, or are being built for nobody in particular. */
  get spares(): number {
    return this.#stocks.size;
  }

  /**
   * A circuit for one more stream of `need.group`, without the peers in `failed`. Waits only when neither the group nor the
   * stock has one; those who waited together may be more than it has room for. Throws what planning or building throws, or threw
   * a moment ago, ERR_LOCAL_LIMIT, ERR_STOPPED or the abort reason.
   */
  async circuit(need: CircuitSpec, failed: ReadonlySet<string> = NOBODY, signal?: AbortSignal): Promise<Circuit> {
    const suits = suiting(need, failed);
    for (let joined = 0; ; joined += 1) {
      if (this.#stop.signal.aborted) throw stopped();
      const group = this.#groups.use(need.group);
      const ready = this.#ready(group, need, suits);
      if (ready !== undefined) return group.serve(ready);
      const trial = failed.size === 0 ? this.#trial(need) : undefined;
      if (trial !== undefined) {
        await withAbort(trial, signal);
        continue;
      }
      const others = joined < CIRCUIT_LIMITS.buildsJoined.value ? this.#othersBuild(group, need) : undefined;
      if (others === undefined) return group.serve(await withAbort(this.#build(group, need, failed, true), signal));
      const circuit = await withAbort(others, signal).catch((error: unknown) => {
        // What they asked for cannot be had; this stream may ask for something else.
        if (toBywayError(error).code !== "ERR_NO_NODE") throw error;
      });
      if (circuit !== undefined && suits(circuit)) return group.serve(circuit);
    }
  }

  /** Notes that circuits of these constraints will be wanted, and builds them ahead. */
  expect({ group, choose }: CircuitSpec): void {
    this.#stocks.ask(group.constraints, choose);
  }

  /**
   * Everything through `peer`, which is gone as `failed` shows, takes no new streams: circuits finish those that they carry,
   * unused ones end. A loss may be the work of a hop before it.
   */
  leave(peer: string, failed: Circuit): void {
    this.#components.observer.observe(failureIn(failed.hops, peer, false));
    if (failed.hops[0]?.peerId === peer) this.#components.builder.leave(peer);
    this.#stocks.leave(peer);
    for (const [circuit, group] of this.#open) {
      if (group !== undefined && circuit.hops.some(({ peerId }) => peerId === peer)) circuit.close();
    }
  }

  /** Ends all circuits. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stop.abort(stopped());
    this.#stocks.close();
    await Promise.allSettled(this.#building);
    const circuits = [...this.#open.keys()];
    for (const circuit of circuits) circuit.destroy();
    await Promise.all(circuits.map((circuit) => circuit.closed));
    await this.#components.builder.stop();
  }

  /** A circuit that stands and will do. */
  #ready(group: CircuitGroup, need: CircuitSpec, suits: Suits): Circuit | undefined {
    // A session's exit was chosen for it alone: nobody else is likely to want what is built for it.
    if (need.group.session === "") this.expect(need);
    if (need.rotates === true) return this.#rotated(group, need, suits);
    const current = group.current(suits);
    if (current === undefined) return this.#takeSpare(group, need, suits);
    if (group.wantsSuccessor(current) && this.#takeSpare(group, need, suits) === undefined) this.#prepare(group, need);
    return current;
  }

  /** A fresh circuit as often as the pace allows, else the one of the group whose turn it is. */
  #rotated(group: CircuitGroup, need: CircuitSpec, suits: Suits): Circuit | undefined {
    const next = group.next(
      suits,
      this.#components.paces?.isAnyPaced === true ? (exit) => this.#components.paces?.waitMs(exit) ?? 0 : undefined,
    );
    if (next !== undefined && !this.#maySpend(group)) return next;
    // A second circuit to an exit that the group has would change nothing, and cost each stream more: fewer share a write.
    const isNews = (circuit: Circuit): boolean => suits(circuit) && group.brings(circuit);
    const spare = this.#takeSpare(group, need, next === undefined ? suits : isNews);
    if (spare !== undefined) {
      this.#pay(group);
      return spare;
    }
    const isComing = this.#stocks.sizeOf(need.group.constraints) > 0;
    if (next !== undefined && !isComing && group.mayPrepare) {
      this.#pay(group);
      this.#prepare(group, need);
    }
    return next;
  }

  /** Whether a group that rotates may take a fresh circuit. */
  #maySpend(group: CircuitGroup): boolean {
    const nowMs = this.#components.clock.monotonicMs();
    return group.pace.waitMs(nowMs) === 0 && this.#pace.waitMs(nowMs) === 0;
  }

  /** The same; the circuit counts as taken then. */
  #pay(group: CircuitGroup): boolean {
    if (!this.#maySpend(group)) return false;
    const nowMs = this.#components.clock.monotonicMs();
    this.#pace.take(nowMs);
    group.pace.take(nowMs);
    return true;
  }

  #takeSpare(group: CircuitGroup, need: CircuitSpec, suits: Suits): Circuit | undefined {
    if (group.full && need.rotates !== true) return undefined;
    // Whoever asks for a session without saying which exit fits means what its chooser says.
    if (need.group.session !== "" && need.fits === undefined) return undefined;
    const exit = this.#pinned(group, need, suits);
    const circuit = this.#stocks.take(need.group.constraints, (spare) => group.takes(spare, suits, exit));
    return circuit === undefined ? undefined : this.#bind(circuit, group);
  }

  #pinned(group: CircuitGroup, need: CircuitSpec, suits: Suits): PeerId | undefined {
    return need.rotates === true || need.group.session !== "" ? undefined : group.pinned(suits);
  }

  /** Makes another circuit of the group ready; those that it has serve until then. */
  #prepare(group: CircuitGroup, need: CircuitSpec): void {
    this.#build(group, need, NOBODY, false).catch(({ code }: BywayError) => {
      group.noteNoSuccessor();
      this.#components.logger.debug("the next circuit of a group could not be built", { code });
    });
  }

  /** Another request's attempt with the nodes that this one would try as well, all of which failed before. */
  #trial(spec: CircuitSpec): Promise<void> | undefined {
    // The key is worked out for each request.
    const key = this.#failedBuilds.size > 0 ? spec.nodesKey : undefined;
    return key === undefined ? undefined : this.#failedBuilds.trial(key);
  }

  /** A circuit that is being built for the group and is worth waiting for; those who rotate spread over several. */
  #othersBuild(group: CircuitGroup, need: CircuitSpec): Promise<Circuit> | undefined {
    const { building } = group;
    if (need.rotates !== true) return building.at(-1);
    const isPaid = !group.full && this.#pay(group);
    if (isPaid || building.length === 0) return undefined;
    this.#joins += 1;
    return building[this.#joins % building.length];
  }

  /** Builds a circuit for the group; hedged when somebody waits for it. */
  #build(group: CircuitGroup, need: CircuitSpec, failed: ReadonlySet<string>, isAwaited: boolean): Promise<Circuit> {
    const suits = suiting(need, failed);
    // A group that rotates leaves a circuit when the fresh one joins; another one leaves one that will not do.
    const isFull =
      group.full && !(need.rotates === true ? group.building.length < GROUP_MOST : group.makeRoom(not(suits)));
    if (isFull) return Promise.reject(new BywayError("ERR_LOCAL_LIMIT", "too many streams of one user are open"));
    const avoid = need.rotates === true ? group.exits : undefined;
    const make = (options: BuildOptions): Promise<Circuit> =>
      isAwaited
        ? this.#makeHedged(need, { ...options, avoid, onFailed: need.onHopFailed }).then((circuit) => {
            if (!group.brings(circuit)) group.noteNoNews();
            return circuit;
          })
        : this.#makeNews(group, need, { ...options, avoid });
    const build = this.#buildFor(group, make, failed, this.#pinned(group, need, suits)).finally(() => {
      group.building.splice(group.building.indexOf(build), 1);
    });
    group.building.push(build);
    if (isAwaited && failed.size === 0) this.#failedBuilds.follow(need, build);
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

  /** A circuit that nobody waits for: of use to a group that rotates only where it brings another exit. */
  async #makeNews(group: CircuitGroup, need: CircuitSpec, options: BuildOptions): Promise<Circuit> {
    const circuit = await this.#make(need.choose, options);
    if (need.rotates !== true || group.brings(circuit)) return circuit;
    group.noteNoNews();
    this.#stocks.adopt(need.group.constraints, circuit);
    throw new BywayError("ERR_NO_NODE", "all exits that are chosen serve already");
  }

  #makeHedged(need: CircuitSpec, options: BuildOptions): Promise<Circuit> {
    const { clock } = this.#components;
    const build = (more: BuildOptions): Promise<Circuit> => this.#make(need.choose, more);
    const isSession = need.group.session !== "";
    const onLate = (circuit: Circuit): void => {
      if (isSession) circuit.destroy();
      else this.#stocks.adopt(need.group.constraints, circuit);
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
    this.#stocks.check();
    this.#groups.check();
  }

  /** Makes room by closing circuits of other groups than `kept`, those unused for longest first. */
  #evict(kept: CircuitGroup): void {
    if (this.#open.size <= CIRCUIT_LIMITS.circuits.value) return;
    const usable = [...this.#open.keys()].filter((circuit) => circuit.usable);
    this.#groups.evict(usable.length - CIRCUIT_LIMITS.circuits.value, kept);
  }
}

function not(suits: Suits): Suits {
  return (circuit) => !suits(circuit);
}

function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the client has stopped");
}
