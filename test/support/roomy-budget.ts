import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { ByteBudget } from "../../src/flow/byte-budget.ts";

/** A budget that no test uses up unless it means to. */
export function roomyBudget(): ByteBudget {
  return new ByteBudget({ clock: systemClock, logger: silentLogger });
}
