import { BYTES_PER_MIB } from "../core/units.ts";

/** The option behind the setting `memory-budget`, which counts MiB; nothing when it is not set. */
export function memoryBudget(mebibytes: number | undefined): { memoryBudgetBytes?: number } {
  return mebibytes === undefined ? {} : { memoryBudgetBytes: mebibytes * BYTES_PER_MIB };
}
