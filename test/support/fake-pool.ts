import type { Circuit } from "../../src/circuit/circuit.ts";
import type { CircuitSpec } from "../../src/circuit/circuit-spec.ts";
import { HedgeBudget } from "../../src/circuit/hedge-budget.ts";
import type { ErrorCode } from "../../src/core/error-table.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import type { CircuitOutcomes } from "../../src/dispatch/circuit-outcomes.ts";
import { ExitPaces } from "../../src/dispatch/exit-paces.ts";
import type { RaceComponents } from "../../src/dispatch/race.ts";

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
  const outcomes = {
    hedges: new HedgeBudget({ clock }),
    paces: new ExitPaces({ clock, random: seededRandom(1) }),
    answered(circuit: Circuit) {
      outcomes.taken(circuit);
    },
    taken(circuit: Circuit) {
      outcomes.paces.noteTaken(exitOf(circuit));
    },
    declined(circuit: Circuit) {
      outcomes.paces.noteRefused(exitOf(circuit));
    },
    rests(circuit: Circuit, ms: number) {
      resting.push([exitOf(circuit), ms]);
    },
    failed(circuit: Circuit) {
      closed.push(exitOf(circuit));
      current = undefined;
    },
  };
  const pool = {
    async circuit(_need: CircuitSpec, failed: ReadonlySet<string>) {
      const exit = exits.find((name) => !failed.has(name));
      if (exit === undefined) throw new BywayError("ERR_NO_NODE", "nobody is left");
      if (current !== undefined && failed.has(exitOf(current))) current = undefined;
      const close = (): void => {
        ended.push(exit);
        current = undefined;
      };
      current ??= { hops: [{ peerId: exit }], usable: true, room: 1, close } as unknown as Circuit;
      return current;
    },
  };
  const on = { pool, outcomes: outcomes as unknown as CircuitOutcomes, clock };
  return { on, clock, closed, ended, resting };
}

/** The pool of a strict session: once an exit has failed, it throws `ended`. */
export function strictPool({ pool }: RaceComponents, ended: BywayError): RaceComponents["pool"] {
  return {
    circuit: (need, failed, signal) =>
      failed?.size === 0 ? pool.circuit(need, failed, signal) : Promise.reject(ended),
  };
}

/** The exit of a circuit of one hop. */
export const exitOf = (circuit: Circuit): string => String(circuit.hops[0]?.peerId);
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
