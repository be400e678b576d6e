/** The option behind the setting `memory-budget`, which counts MiB; nothing when it is not set. */
export function memoryBudget(mebibytes: number | undefined): { memoryBudgetBytes?: number } {
  return mebibytes === undefined ? {} : { memoryBudgetBytes: mebibytes * 1024 * 1024 };
}
