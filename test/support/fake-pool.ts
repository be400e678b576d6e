import type { Circuit } from "../../src/circuit/circuit.ts";
import type { CircuitNeed } from "../../src/circuit/circuit-need.ts";
import type { CircuitPool } from "../../src/circuit/circuit-pool.ts";
import { ExitPaces } from "../../src/circuit/exit-paces.ts";
import type { ErrorCode } from "../../src/core/error-table.ts";
import { BywayError } from "../../src/core/errors.ts";
import { FakeClock } from "../../src/core/fake-clock.ts";
import { seededRandom } from "../../src/core/random.ts";

/** A pool without a network, and what it was told. */
export interface FakePool {
  readonly pool: CircuitPool;
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
  const pool = {
    clock,
    paces: new ExitPaces({ clock, random: seededRandom(1) }),
    noteSuccess(circuit: Circuit) {
      pool.noteTaken(circuit);
    },
    noteTaken(circuit: Circuit) {
      pool.paces.noteTaken(exitOf(circuit));
    },
    noteDeclined(circuit: Circuit) {
      pool.paces.noteRefused(exitOf(circuit));
    },
    async circuit(_need: CircuitNeed, failed: ReadonlySet<string>) {
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
    rest(circuit: Circuit, ms: number) {
      resting.push([exitOf(circuit), ms]);
    },
    retire(circuit: Circuit) {
      closed.push(exitOf(circuit));
      current = undefined;
    },
  };
  return { pool: pool as unknown as CircuitPool, clock, closed, ended, resting };
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
