import type { HealthSettings } from "./health-facts.ts";
import type { NodeStatus } from "./node-status.ts";

/** Why an exit takes no streams though its operator has not closed it, in a sentence fragment; undefined while it does. */
export function exitClosure(
  { roles, blocklists, log }: Pick<NodeStatus, "roles" | "blocklists" | "log">,
  settings: Pick<HealthSettings, "log">,
): string | undefined {
  if (!roles.includes("exit")) return undefined;
  const missing = blocklists.find(({ state }) => state === "missing");
  if (missing !== undefined) return `the blocklist ${missing.name} was never loaded`;
  if (log.state === "failing" && settings.log === "required") return "the accountability log cannot be written";
  return undefined;
}
