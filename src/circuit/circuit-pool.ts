import { withAbort } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Circuit } from "./circuit.ts";
import type { BuildOptions, CircuitBuilder } from "./circuit-builder.ts";
import { CircuitGroup } from "./circuit-group.ts";
import { CircuitStock } from "./circuit-stock.ts";
import type { HopChooser } from "./hop-chooser.ts";
import { type IsolationGroup, type IsolationKey, isolationKey, joinGroups } from "./isolation.ts";
import { CIRCUIT_LIMITS } from "./limits.ts";

/** What a stream needs of a circuit. */
export interface CircuitNeed {
  /** Whom it may share a circuit with. */
  readonly group: IsolationGroup;
  /** Chooses hops that fit the group's constraints. */
  readonly choose: HopChooser;
}

/** What a pool works with. */
export interface CircuitPoolComponents {
  readonly builder: CircuitBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How a pool works. */
export interface CircuitPoolOptions {
  /** The most unused circuits kept ready for one set of constraints; 0 builds none ahead. */
  readonly spareCircuits?: number;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * The circuits of a client: those in use, each bound to one isolation group, and those built ahead, bound to nobody.
 *
 *     asked ─► group has one with room? ─► stock has a spare? ─► build
 *                   │ worn or nearly full: the next one is made ready beside it
 */
export class CircuitPool {
  readonly #components: CircuitPoolComponents;
  readonly #spareCircuits: number;
  /** Least recently used first. */
  readonly #groups = new Map<IsolationKey, CircuitGroup>();
  /** By the text of their constraints, least recently asked for first. */
  readonly #stocks = new Map<string, CircuitStock>();
  /** Every circuit that is not closed yet, with the group that it is bound to. */
  readonly #open = new Map<Circuit, IsolationGroup | undefined>();
  readonly #building = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();
  readonly #timer: Timer;

  constructor(components: CircuitPoolComponents, options: CircuitPoolOptions = {}) {
    this.#components = components;
    this.#spareCircuits = options.spareCircuits ?? CIRCUIT_LIMITS.sparesPerDemand.value;
    this.#timer = components.clock.every(CIRCUIT_LIMITS.checkPeriodMs.value, () => this.#tick());
  }

  /** Circuits open now, unused ones included. */
  get size(): number {
    return this.#open.size;
  }

  /** Sets of constraints for which circuits are, or may be, built ahead. */
  get demands(): number {
    return this.#stocks.size;
  }

  /** Circuits that are open and bound to nobody, or are being built for nobody in particular. */
  get spares(): number {
    return [...this.#stocks.values()].reduce((sum, stock) => sum + stock.size, 0);
  }

  /**
   * A circuit for one more stream of `need.group`, without the peers in `failed`. Waits only when neither the group nor the
   * stock has one; those who waited together may be more than it has room for. Throws what planning or building throws, ERR_LOCAL_LIMIT, ERR_STOPPED or the abort reason.
   */
  async circuit(need: CircuitNeed, failed: ReadonlySet<string> = NOBODY, signal?: AbortSignal): Promise<Circuit> {
    if (this.#stop.signal.aborted) throw stopped();
    const group = this.#group(need.group);
    const stock = this.expect(need);
    const current = group.current(failed);
    if (current !== undefined) {
      if (group.wantsSuccessor) this.#succeed(group, need, stock);
      return current;
    }
    return this.#takeSpare(group, stock, failed) ?? withAbort(this.#build(group, need, failed), signal);
  }

  /** Notes that circuits of these constraints will be wanted, and builds them ahead. */
  expect(need: CircuitNeed): CircuitStock {
    const { constraints } = need.group;
    let stock = this.#stocks.get(constraints);
    if (stock === undefined) {
      const { clock, logger } = this.#components;
      const build = (): Promise<Circuit> => this.#make(need.choose, {});
      stock = new CircuitStock({ clock, logger, build }, { most: this.#spareCircuits });
    }
    this.#stocks.delete(constraints);
    this.#stocks.set(constraints, stock);
    this.#boundStocks();
    stock.ask();
    if (stock.size === 0) this.#restock(stock);
    return stock;
  }

  /** Takes no new streams on `circuit`, since a hop of it failed, and passes over `culprit` for a while. */
  retire(circuit: Circuit, culprit: string | undefined): void {
    if (culprit !== undefined) this.#components.builder.noteFailure(culprit);
    circuit.close();
  }

  /** Ends all circuits. */
  async stop(): Promise<void> {
    this.#timer.cancel();
    this.#stop.abort(stopped());
    for (const stock of this.#stocks.values()) stock.close();
    await Promise.allSettled(this.#building);
    const circuits = [...this.#open.keys()];
    for (const circuit of circuits) circuit.destroy();
    await Promise.all(circuits.map((circuit) => circuit.closed));
    await this.#components.builder.stop();
  }

  #group(asked: IsolationGroup): CircuitGroup {
    const key = isolationKey(asked);
    const group = this.#groups.get(key) ?? new CircuitGroup(this.#components, asked);
    this.#groups.delete(key);
    this.#groups.set(key, group);
    group.use();
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= CIRCUIT_LIMITS.groups.value) break;
      this.#forget(oldest);
    }
    return group;
  }

  #forget(key: IsolationKey): void {
    this.#groups.get(key)?.close();
    this.#groups.delete(key);
  }

  #takeSpare(group: CircuitGroup, stock: CircuitStock, failed: ReadonlySet<string>): Circuit | undefined {
    const circuit = stock.take((spare) => group.takes(spare, failed));
    this.#restock(stock);
    return circuit === undefined ? undefined : this.#bind(circuit, group);
  }

  /** Makes the group's next circuit ready; the current one serves until then. */
  #succeed(group: CircuitGroup, need: CircuitNeed, stock: CircuitStock): void {
    if (this.#takeSpare(group, stock, NOBODY) !== undefined) return;
    this.#build(group, need, NOBODY).catch(({ code }: BywayError) => {
      group.noteNoSuccessor();
      this.#components.logger.debug("the next circuit of a group could not be built", { code });
    });
  }

  /** The circuit that is being built for the group, or a new one. */
  #build(group: CircuitGroup, need: CircuitNeed, failed: ReadonlySet<string>): Promise<Circuit> {
    if (group.full) return Promise.reject(new BywayError("ERR_LOCAL_LIMIT", "too many streams of one user are open"));
    group.building ??= this.#buildFor(group, need, failed).finally(() => {
      group.building = undefined;
    });
    return group.building;
  }

  async #buildFor(group: CircuitGroup, { choose }: CircuitNeed, failed: ReadonlySet<string>): Promise<Circuit> {
    const { exit } = group;
    if (exit !== undefined && !failed.has(exit)) {
      try {
        return this.#bind(await this.#make(choose, { failed, exit }), group);
      } catch (error) {
        if (!(error instanceof BywayError) || error.kind !== "hop") throw error;
      }
    }
    return this.#bind(await this.#make(choose, { failed }), group);
  }

  async #make(choose: HopChooser, options: BuildOptions): Promise<Circuit> {
    const building = this.#components.builder.build(choose, { ...options, signal: this.#stop.signal });
    this.#building.add(building);
    try {
      const circuit = await building;
      this.#open.set(circuit, undefined);
      void circuit.closed.then(() => this.#open.delete(circuit));
      return circuit;
    } finally {
      this.#building.delete(building);
    }
  }

  #bind(circuit: Circuit, group: CircuitGroup): Circuit {
    const joined = joinGroups(this.#open.get(circuit), group.isolation);
    if (joined === undefined) throw new BywayError("ERR_INTERNAL", "a circuit was to be shared between groups");
    if (this.#open.has(circuit)) this.#open.set(circuit, joined);
    // The group may have been forgotten meanwhile, and a circuit that no group holds would never make room.
    const key = isolationKey(joined);
    const holder = this.#groups.get(key) ?? group;
    this.#groups.set(key, holder);
    holder.add(circuit);
    this.#evict(holder);
    return circuit;
  }

  #restock(stock: CircuitStock): void {
    if (!this.#stop.signal.aborted) stock.restock(CIRCUIT_LIMITS.spares.value - this.spares);
  }

  #tick(): void {
    for (const [constraints, stock] of this.#stocks) {
      if (stock.forgotten) {
        stock.close();
        this.#stocks.delete(constraints);
        continue;
      }
      stock.check();
      this.#restock(stock);
    }
    for (const [key, group] of this.#groups) {
      group.closeWorn();
      if (group.forgotten) this.#forget(key);
    }
  }

  /** Forgets the set of constraints that nobody asked for for longest; those with circuits are few (`spares`) and stay. */
  #boundStocks(): void {
    if (this.#stocks.size <= CIRCUIT_LIMITS.demands.value) return;
    for (const [constraints, stock] of this.#stocks) {
      if (stock.size > 0) continue;
      this.#stocks.delete(constraints);
      return;
    }
  }

  /** Makes room by closing circuits of other groups than `kept`, those unused for longest first. */
  #evict(kept: CircuitGroup): void {
    if (this.#open.size <= CIRCUIT_LIMITS.circuits.value) return;
    let excess = [...this.#open.keys()].filter(({ usable }) => usable).length - CIRCUIT_LIMITS.circuits.value;
    for (const [key, group] of this.#groups) {
      if (excess <= 0) return;
      if (group === kept || group.size === 0) continue;
      excess -= group.size;
      this.#forget(key);
    }
  }
}

function stopped(): BywayError {
  return new BywayError("ERR_STOPPED", "the client has stopped");
}
