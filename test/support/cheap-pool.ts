import { nobodyLeft } from "../../src/circuit/build-failure.ts";
import type { Circuit } from "../../src/circuit/circuit.ts";
import type { BuildOptions } from "../../src/circuit/circuit-builder.ts";
import type { CircuitPool } from "../../src/circuit/circuit-pool.ts";
import type { PathSelector } from "../../src/circuit/circuit-request.ts";
import { abortReason } from "../../src/core/abort.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import type { CircuitOutcomes } from "../../src/dispatch/circuit-outcomes.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { Observer } from "../../src/trust/observer.ts";
import { fakeCircuit, namedHop } from "./fake-circuit.ts";
import { poolBench } from "./pool-bench.ts";

/** A pool whose circuits cost nothing and end when they are closed. */
export interface CheapPool {
  readonly pool: CircuitPool;
  readonly outcomes: CircuitOutcomes;
  readonly clock: FakeClock;
  /** All circuits that it ever made, oldest first. */
  readonly built: readonly Circuit[];
  readonly network: CheapNetwork;
}

/** What the circuits of a cheap pool meet. */
export interface CheapNetwork {
  /** Nobody can be reached. */
  down: boolean;
  /** How many circuits were asked for, and the only exit that the last of them might have. */
  asked: number;
  exit: PeerId | undefined;
  /** Exits to which building takes until `release`. */
  readonly slow: Set<string>;
  /** Of circuits to `slow` exits a hop before the exit is slow, and not the exit. */
  isRelaySlow: boolean;
  /** Exits that answer no ping. */
  readonly silent: Set<string>;
  /** Lets everything stand that is being built to `slow` exits. */
  release(): void;
}

/** How long the builder of a cheap pool says that a hop takes, in ms. */
export const CHEAP_HOP_MS = 500;

/** Chooses one of `names` that has not failed, each in its turn, or the exit that is asked for. */
export function inTurn(...names: readonly string[]): PathSelector {
  let turn = 0;
  return ({ failed, exit, avoid = [] }) => {
    const fits = (name: string): boolean => !failed.has(name) && (exit === undefined || name === exit);
    const order = names.map((_, index) => (turn + index) % names.length).filter((index) => fits(String(names[index])));
    const isAvoided = (index: number): boolean => avoid.some((peer) => peer === names[index]);
    const chosen = order.find((index) => !isAvoided(index)) ?? order[0];
    if (chosen === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
    turn = chosen + 1;
    return [namedHop(String(names[chosen]))];
  };
}

/** Makes one; a chooser that names nobody gets exits that are numbered. */
export function cheapPool(spareCircuits: number): CheapPool {
  const built: Circuit[] = [];
  const clock = new FakeClock();
  const observer = new Observer({ clock });
  let held = Promise.withResolvers<void>();
  const network: CheapNetwork = {
    down: false,
    asked: 0,
    exit: undefined,
    slow: new Set(),
    isRelaySlow: false,
    silent: new Set(),
    release: () => {
      held.resolve();
      held = Promise.withResolvers();
    },
  };
  const build = async (choose: PathSelector, options: BuildOptions): Promise<Circuit> => {
    network.asked += 1;
    network.exit = options.exit;
    if (network.down) throw nobodyLeft(new BywayError("ERR_HOP_UNREACHABLE", "nobody answers there"));
    const hops = chosen(choose, options, observer.avoided);
    const exit = String(hops.at(-1)?.peerId ?? `exit ${built.length}`);
    const isExit = !network.isRelaySlow;
    const peerId = (isExit ? exit : `relay to ${exit}`) as PeerId;
    options.onWaiting?.({ peerId, isExit, expectedMs: CHEAP_HOP_MS });
    if (network.slow.has(exit)) await unlessAborted(held.promise, options.signal);
    const circuit = fakeCircuit(hops.length === 0 ? [namedHop(exit)] : hops, clock, () => network.silent.has(exit));
    built.push(circuit);
    return circuit;
  };
  const builder = {
    build,
    stop: async () => {},
    leave: () => {},
  };
  const { pool, outcomes } = poolBench(clock, () => builder, { spareCircuits, observer });
  return { pool, outcomes, clock, built, network };
}

function chosen(choose: PathSelector, { failed = new Set(), exit, avoid }: BuildOptions, recent: ReadonlySet<string>) {
  const wishes = { kept: [], exit, avoid };
  try {
    return choose({ ...wishes, failed: new Set([...failed, ...recent]) });
  } catch {
    return choose({ ...wishes, failed });
  }
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(abortReason(signal)), { once: true });
    void promise.then(resolve);
  });
}
