import type { BuildOptions } from "../../src/circuit/build-options.ts";
import type { Circuit } from "../../src/circuit/circuit.ts";
import type { CircuitPool } from "../../src/circuit/circuit-pool.ts";
import type { Hop } from "../../src/circuit/hop.ts";
import { nobodyLeft } from "../../src/circuit/nobody-left.ts";
import type { PathSelector } from "../../src/circuit/path-selector.ts";
import { abortReason } from "../../src/core/abort.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import type { CircuitOutcomes } from "../../src/dispatch/circuit-outcomes.ts";
import type { PeerId } from "../../src/identity/peer-id.ts";
import { Observer } from "../../src/trust/observer.ts";
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
  /** Exits that answer nothing: no stream, no question whether they are there. */
  readonly silent: Set<string>;
  /** Lets everything stand that is being built to `slow` exits. */
  release(): void;
}

/** How long the builder of a cheap pool says that a hop takes, in ms. */
export const CHEAP_HOP_MS = 500;

/** The exit of a circuit, by name. */
export function exitOf(circuit: Circuit): string {
  return String(circuit.hops.at(-1)?.peerId);
}

/** A one-hop circuit's only hop, by a name of the test's. */
export function namedHop(name: string): Hop {
  return { peerId: name as PeerId, endpoint: { host: "192.0.2.1", port: 443 } };
}

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
    const circuit = cheapCircuit(hops.length === 0 ? [namedHop(exit)] : hops, clock, network);
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

function cheapCircuit(hops: readonly Hop[], clock: FakeClock, network: CheapNetwork): Circuit {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const exit = hops.at(-1)?.peerId;
  const circuit = {
    hops,
    usable: true,
    ended: false,
    streams: 0,
    room: 1_000,
    bytes: 0,
    silentFailures: 0,
    closed,
    culprit: exit,
    deadPeer: undefined as PeerId | undefined,
    answers: async (ms: number) => {
      if (!network.silent.has(String(exit))) return true;
      await new Promise<void>((passed) => clock.after(ms, passed));
      return false;
    },
    check: async () => {
      if (!network.silent.has(String(exit))) return;
      circuit.deadPeer = exit;
      circuit.destroy();
    },
    close: () => {
      circuit.usable = false;
      circuit.ended = circuit.streams === 0;
      if (circuit.ended) resolve();
    },
    destroy: () => {
      circuit.usable = false;
      circuit.ended = true;
      resolve();
    },
  };
  return circuit as unknown as Circuit;
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(abortReason(signal)), { once: true });
    void promise.then(resolve);
  });
}
