import type { HealthFacts } from "./health-facts.ts";
import { HEALTH_TABLE } from "./health-table.ts";
import type { HealthWarning } from "./node-status.ts";

/** What the operator should look at, what stops the node first, and notes last. Pure. */
export function healthWarnings(facts: HealthFacts): readonly HealthWarning[] {
  const warnings: HealthWarning[] = [];
  for (const [code, { level, remedy, find }] of Object.entries(HEALTH_TABLE)) {
    const message = find(facts);
    if (message !== undefined) warnings.push({ code, level, message, remedy });
  }
  return warnings.toSorted((a, b) => Number(a.level === "note") - Number(b.level === "note"));
}
