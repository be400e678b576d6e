import type { Circuit } from "../../src/circuit/circuit.ts";
import type { LookUp } from "../../src/circuit/circuit-pool.ts";
import { HedgeBudget } from "../../src/circuit/hedge-budget.ts";
import type { ErrorCode } from "../../src/core/error-table.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { ExitPaces } from "../../src/dispatch/exit-paces.ts";
import type { RaceComponents } from "../../src/dispatch/race.ts";
import { exitOf, fakeCircuit, namedHop } from "./fake-circuit.ts";

/** A pool without a network, and what it was told. */
export interface FakePool {
  readonly on: RaceComponents;
  readonly clock: FakeClock;
  /** Exits whose circuits were retired. */
  readonly closed: readonly string[];
  /** Exits whose circuits were closed, without more. */
  readonly ended: readonly string[];
  /** Exits that were left in peace, and for how many ms. */
  readonly resting: readonly (readonly [string, number])[];
}

/** A pool whose circuits go to the first of `exits` that has not failed, and are remembered until they are retired. */
export function fakePool(exits: readonly string[]): FakePool {
  let current: Circuit | undefined;
  const clock = new FakeClock();
  const closed: string[] = [];
  const ended: string[] = [];
  const resting: (readonly [string, number])[] = [];
  const outcomes: RaceComponents["outcomes"] = {
    hedges: new HedgeBudget({ clock }),
    paces: new ExitPaces({ clock, random: seededRandom(1) }),
    answered: (circuit) => outcomes.taken(circuit),
    taken: (circuit) => outcomes.paces.noteTaken(exitOf(circuit)),
    declined: (circuit) => outcomes.paces.noteRefused(exitOf(circuit)),
    rests: (circuit, ms) => void resting.push([exitOf(circuit), ms]),
    failed(circuit) {
      closed.push(exitOf(circuit));
      current = undefined;
    },
    lostRace: () => {},
    suspect: async () => false,
  };
  const pool: RaceComponents["pool"] = {
    find(_, { failed = new Set() } = {}) {
      if (current !== undefined && (!current.usable || failed.has(exitOf(current)))) current = undefined;
      return current;
    },
    async build(_, { failed = new Set() } = {}) {
      const exit = exits.find((name) => !failed.has(name));
      if (exit === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
      current ??= fakeCircuit([namedHop(exit)], clock);
      void current.closed.then(() => ended.push(exit));
      return current;
    },
  };
  return { on: { pool, outcomes, clock }, clock, closed, ended, resting };
}

/** The pool of a strict session: once an exit has failed, it throws `ended`. */
export function strictPool({ pool }: RaceComponents, ended: BywayError): RaceComponents["pool"] {
  const checked = (lookUp: LookUp | undefined): LookUp => {
    if (lookUp?.failed !== undefined && lookUp.failed.size > 0) throw ended;
    return lookUp ?? {};
  };
  return {
    find: (request, lookUp) => pool.find(request, checked(lookUp)),
    build: async (request, lookUp, signal) => pool.build(request, checked(lookUp), signal),
  };
}

/** What the exits of these names say; those that are not named take the stream. */
export const saying =
  (errors: Readonly<Record<string, BywayError>>, asked: string[] = []): ((circuit: Circuit) => Promise<string>) =>
  async (circuit: Circuit): Promise<string> => {
    const exit = exitOf(circuit);
    asked.push(exit);
    const error = errors[exit];
    if (error !== undefined) throw error;
    return exit;
  };

/** A refusal of an exit. */
export const refusal = (code: ErrorCode, exit: string, retryAfterSec?: number): BywayError =>
  new BywayError(code, `${exit} says no`, { data: retryAfterSec === undefined ? {} : { retryAfterSec } });
