import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import { systemRandom } from "../../core/random.ts";
import { type AccountabilityLog, openAccountabilityLog } from "../../egress/accountability/accountability-log.ts";
import { NO_REPORT } from "../../operation/serving-report.ts";
import type { NodeSettings } from "../node-options.ts";
import type { ServiceBase, ServicePart } from "./service-part.ts";

/** The accountability log of this process, which exits and relays write. */
export interface ServiceLog extends ServicePart {
  /** Undefined if nothing is logged. */
  readonly log: AccountabilityLog | undefined;
  stop(): Promise<void>;
}

/** Opens the log; an exit whose log is required is closed while it cannot be written. */
export async function openServiceLog(base: ServiceBase): Promise<ServiceLog> {
  const log = await open(base);
  return {
    log,
    get report() {
      return { log: log?.status() ?? NO_REPORT.log };
    },
    stop: async () => log?.stop(),
  };
}

async function open(base: ServiceBase): Promise<AccountabilityLog | undefined> {
  const { clock, logger, options, processNumber } = base;
  const { roles, log, dataDirectory } = options.settings;
  if (!isLogged(options.settings) || log === undefined || dataDirectory === undefined) return undefined;
  if (roles.every((role) => role === "bootstrap")) return undefined;
  return openAccountabilityLog(
    { clock, logger, random: systemRandom },
    {
      directory: join(dataDirectory, "accountability", String(processNumber)),
      // A relay does not wait for the log.
      required: log.mode === "required" && roles.includes("exit"),
      days: log.days,
      mib: base.share(log.mib),
      peerId: options.peerId,
      privateKey: createPrivateKey(options.certificate.keyPem),
    },
  );
}

/** Whether the operator wants a log. */
export function isLogged({ log, dataDirectory }: Pick<NodeSettings, "log" | "dataDirectory">): boolean {
  return log !== undefined && log.mode !== "off" && dataDirectory !== undefined;
}
