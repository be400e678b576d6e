import { VERSION } from "../core/version.ts";
import { DEFAULT_POLICY } from "../egress/policy/policy-rule.ts";
import type { NoticeFacts } from "../link/notice-page.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";

/** What the notice says of a node. */
export function noticeFacts({ roles, contact, peerId, policyRules, log }: LinkServiceOptions): NoticeFacts {
  const isExit = roles.includes("exit");
  return {
    roles,
    contact,
    software: `byway/${VERSION}`,
    peerId,
    ...(isExit ? { policy: policyRules ?? DEFAULT_POLICY, log: log === undefined ? "none" : { days: log.days } } : {}),
  };
}
