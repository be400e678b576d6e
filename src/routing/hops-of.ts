import { BywayError } from "../core/errors.ts";
import type { Constraints } from "./constraints.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import type { PlanOptions } from "./plan-request.ts";

const PRIVATE_HOPS = 3;

/**
 * How many hops a circuit has: what is asked for, or else the default; three at least by default with preset `private`.
 *
 * @throws BywayError ERR_PARAMETER_VALUE when it is not a whole number from 1 to 5; ERR_PARAMETER_CONFLICT when one hop is
 * asked for with preset `private`.
 */
export function hopsOf(constraints: Constraints, options: Pick<PlanOptions, "defaultHops" | "preset">): number {
  const isPrivate = (constraints.preset ?? options.preset) === "private";
  const hops = constraints.hops ?? (isPrivate ? Math.max(PRIVATE_HOPS, options.defaultHops) : options.defaultHops);
  if (!Number.isInteger(hops) || hops < 1 || hops > ROUTING_LIMITS.maxHops.value)
    throw new BywayError("ERR_PARAMETER_VALUE", `hops=${hops} is not a whole number from 1 to 5`, {
      data: { key: "hops" },
    });
  if (isPrivate && hops === 1)
    throw new BywayError("ERR_PARAMETER_CONFLICT", "the preset private needs two hops at least, and hops is 1", {
      data: { key: "hops" },
    });
  return hops;
}
