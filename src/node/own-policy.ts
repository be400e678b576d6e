import { type AdvertisedPolicy, advertisedPolicy } from "../egress/policy/advertised-policy.ts";
import { ExitPolicy } from "../egress/policy/exit-policy.ts";
import { parsePolicy } from "../egress/policy/parse-policy.ts";
import { DEFAULT_POLICY } from "../egress/policy/policy-rule.ts";
import type { NodeSettings } from "./node-options.ts";

/** The rules of a node's exit, one a line; none if it is no exit. */
export function exitRules({
  roles,
  policy = DEFAULT_POLICY,
}: Pick<NodeSettings, "roles" | "policy">): readonly string[] {
  return roles.includes("exit") ? policy : [];
}

/** What a node says of its policy. Throws ERR_CONFIG_VALUE. */
export function ownPolicy(settings: Pick<NodeSettings, "roles" | "policy" | "allowTargets">): AdvertisedPolicy {
  const { policy = DEFAULT_POLICY, allowTargets } = settings;
  if (!settings.roles.includes("exit")) return { acceptedPorts: [], protocols: [] };
  return advertisedPolicy(new ExitPolicy(parsePolicy(policy)), allowTargets);
}
