import { VERSION } from "../core/version.ts";
import type { NoticeFacts } from "../link/notice-page.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";
import { exitRules } from "./own-policy.ts";
import { isLogged } from "./service/log.ts";

/** What the notice says of a node. */
export function noticeFacts({ settings, peerId }: Pick<LinkServiceOptions, "settings" | "peerId">): NoticeFacts {
  const { roles, contact, log } = settings;
  const exit = {
    policy: exitRules(settings),
    log: log !== undefined && isLogged(settings) ? { days: log.days } : ("none" as const),
  };
  return { roles, contact, software: `byway/${VERSION}`, peerId, ...(roles.includes("exit") ? exit : {}) };
}
