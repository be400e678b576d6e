import type { CircuitBuilder } from "../../src/circuit/circuit-builder.ts";
import { CircuitPool } from "../../src/circuit/circuit-pool.ts";
import { FailedBuilds } from "../../src/circuit/failed-builds.ts";
import type { Clock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { seededRandom } from "../../src/core/random.ts";
import { CircuitOutcomes } from "../../src/dispatch/circuit-outcomes.ts";
import { ExitPaces } from "../../src/dispatch/exit-paces.ts";
import type { RaceComponents } from "../../src/dispatch/race.ts";
import { Observer } from "../../src/trust/observer.ts";

/** A pool, and what streams on its circuits are told to. */
export interface PoolBench extends RaceComponents {
  readonly pool: CircuitPool;
  readonly outcomes: CircuitOutcomes;
  readonly observer: Observer;
}

/** A pool whose circuits `builderOf` builds. */
export function poolBench(
  clock: Clock,
  builderOf: (observer: Observer) => Pick<CircuitBuilder, "build" | "leave" | "stop">,
  {
    spareCircuits = 0,
    observer = new Observer({ clock }),
    failedBuilds = new FailedBuilds({ clock }),
  }: { readonly spareCircuits?: number; readonly observer?: Observer; readonly failedBuilds?: FailedBuilds } = {},
): PoolBench {
  const paces = new ExitPaces({ clock, random: seededRandom(1) });
  const builder = builderOf(observer);
  const pool = new CircuitPool(
    { builder, observer, paces, failedBuilds, clock, logger: silentLogger },
    { spareCircuits },
  );
  return { pool, observer, clock, outcomes: new CircuitOutcomes({ pool, observer, paces, clock }) };
}
