import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { BywayError } from "../../core/errors.ts";
import type { AddressGuard } from "../../egress/address-guard.ts";
import { Blocklists } from "../../egress/blocklist/blocklists.ts";
import { BLOCKLIST_LIMITS } from "../../egress/blocklist/limits.ts";
import { ExitPolicy } from "../../egress/policy/exit-policy.ts";
import { parsePolicy } from "../../egress/policy/parse-policy.ts";
import { DEFAULT_POLICY } from "../../egress/policy/policy-rule.ts";
import type { ServingReport } from "../../operation/serving-report.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** The exit's policy and blocklists. */
export interface TargetRules extends ServicePart {
  readonly policy: ExitPolicy;
  /** Throws ERR_NODE_CLOSED while a list is missing. */
  checkOpen(): void;
  /** Reads all lists again; settles with how each fared. */
  reload(): Promise<ServingReport["blocklists"]>;
  stop(): Promise<void>;
}

/** Reads rules and lists. Throws ERR_CONFIG_VALUE. */
export async function openTargetRules(
  { clock, logger, options }: ServiceBase,
  { guard }: { readonly guard: AddressGuard },
): Promise<TargetRules> {
  const { roles, policy: lines = DEFAULT_POLICY, blocklists = [], dataDirectory } = options.settings;
  const rules = parsePolicy(lines);
  const lists =
    roles.includes("exit") && blocklists.length > 0
      ? new Blocklists(
          { clock, logger },
          {
            lists: blocklists,
            cacheDirectory: dataDirectory && join(dataDirectory, "blocklists"),
          },
        )
      : undefined;
  if (lists !== undefined) await startLists(clock, lists);
  return {
    policy: new ExitPolicy(rules, lists, (ip) => guard.inside(ip)),
    checkOpen() {
      const [missing] = lists?.missing ?? [];
      if (missing === undefined) return;
      throw new BywayError("ERR_NODE_CLOSED", "a blocklist of this exit was never loaded", {
        data: { by: `list ${missing} is missing` },
      });
    },
    get report() {
      return { blocklists: lists?.status() ?? [] };
    },
    reload: async () => (await lists?.reload()) ?? [],
    stop: async () => lists?.stop(),
  };
}

/** A server of lists that hangs must not keep the node from serving what needs no list. */
async function startLists(clock: Clock, lists: Blocklists): Promise<void> {
  const elapsed = Promise.withResolvers<void>();
  using _limit = clock.after(BLOCKLIST_LIMITS.startWaitMs.value, () => elapsed.resolve());
  await Promise.race([lists.start(), elapsed.promise]);
}
