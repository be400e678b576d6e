import { createPrivateKey } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { systemRandom } from "../core/random.ts";
import { type AccountabilityLog, openAccountabilityLog } from "../egress/accountability/accountability-log.ts";
import { NO_LOG } from "../egress/accountability/stream-log.ts";
import type { AddressGuard } from "../egress/address-guard.ts";
import { Blocklists } from "../egress/blocklist/blocklists.ts";
import { BLOCKLIST_LIMITS } from "../egress/blocklist/limits.ts";
import type { Egress } from "../egress/egress.ts";
import { ExitService } from "../egress/exit-service.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import { ExitPolicy } from "../egress/policy/exit-policy.ts";
import { parsePolicy } from "../egress/policy/parse-policy.ts";
import { DEFAULT_POLICY } from "../egress/policy/policy-rule.ts";
import { type StreamLimitOptions, StreamLimits } from "../egress/stream-limits.ts";
import type { ByteBudget } from "../flow/byte-budget.ts";
import { NO_REPORT, type ServingReport } from "../operation/serving-report.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";

/** What a link service has for the exit role, or a part of it where the node has no such role; and the log, which relays write too. */
export interface ExitStack {
  readonly policy: ExitPolicy;
  /** Serves with the ways out, which are made of `policy`. */
  serve(waysOut: Egress): ExitService;
  readonly report: Pick<ServingReport, "blocklists" | "log">;
  /** Takes failed proofs of a relay; absent where nothing is logged. */
  readonly proofLog: Pick<AccountabilityLog, "proofFailed"> | undefined;
  reload(): Promise<ServingReport["blocklists"]>;
  /** Writes what waits, and ends all that goes on by itself. */
  stop(): Promise<void>;
}

/** Opens the log and reads the lists. Throws ERR_CONFIG_VALUE. */
export async function openExitStack(
  components: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly budget: ByteBudget;
    readonly guard: AddressGuard;
    /** Number of the process, from 1. */
    readonly processNumber: number;
  },
  options: LinkServiceOptions,
): Promise<ExitStack> {
  const { clock, logger, budget, guard } = components;
  const isExit = options.roles.includes("exit");
  const rules = parsePolicy(options.policyRules ?? DEFAULT_POLICY);
  const lists =
    isExit && options.blocklists !== undefined && options.blocklists.length > 0
      ? new Blocklists({ clock, logger }, { ...given(options.blocklistDirectory), lists: options.blocklists })
      : undefined;
  const policy = new ExitPolicy(rules, lists, (ip) => guard.inside(ip));
  const isLogged = isExit || options.roles.includes("relay");
  const log = isLogged ? await openLog(components, options) : undefined;
  if (lists !== undefined) await startLists(clock, lists);
  const checkOpen = (): void => {
    const [missing] = lists?.missing ?? [];
    if (missing === undefined) return;
    throw new BywayError("ERR_NODE_CLOSED", "a blocklist of this exit was never loaded", {
      data: { by: `list ${missing} is missing` },
    });
  };
  return {
    policy,
    serve: (waysOut) =>
      new ExitService({
        clock,
        budget,
        waysOut,
        limits: new StreamLimits({ clock }, limitsOfProcess(options)),
        log: log ?? NO_LOG,
        checkOpen,
        policy,
        opens: (host, port) => guard.opens(host, port),
      }),
    proofLog: log,
    get report() {
      return { blocklists: lists?.status() ?? [], log: log?.status() ?? NO_REPORT.log };
    },
    reload: async () => (await lists?.reload()) ?? [],
    async stop() {
      await Promise.all([lists?.stop(), log?.stop()]);
    },
  };
}

/** A server of lists that hangs must not keep the node from serving what needs no list. */
async function startLists(clock: Clock, lists: Blocklists): Promise<void> {
  const elapsed = Promise.withResolvers<void>();
  using _limit = clock.after(BLOCKLIST_LIMITS.startWaitMs.value, () => elapsed.resolve());
  await Promise.race([lists.start(), elapsed.promise]);
}

function given(cacheDirectory: string | undefined): { readonly cacheDirectory?: string } {
  return cacheDirectory === undefined ? {} : { cacheDirectory };
}

async function openLog(
  { clock, logger, processNumber }: { readonly clock: Clock; readonly logger: Logger; readonly processNumber: number },
  { log, peerId, certificate, processes, roles }: LinkServiceOptions,
): Promise<AccountabilityLog | undefined> {
  if (log === undefined) return undefined;
  return openAccountabilityLog(
    { clock, logger, random: systemRandom },
    {
      directory: join(log.directory, String(processNumber)),
      // A relay does not wait for the log.
      required: log.required && roles.includes("exit"),
      days: log.days,
      mib: Math.max(1, Math.floor(log.mib / processes)),
      peerId,
      privateKey: createPrivateKey(certificate.keyPem),
    },
  );
}

/** A process gets its part of each bound that is for the whole node; a link is in one process only. */
function limitsOfProcess({ streamLimits = {}, processes }: LinkServiceOptions): StreamLimitOptions {
  const part = (given: number | undefined, name: keyof typeof EGRESS_LIMITS): number =>
    Math.max(1, Math.floor((given ?? EGRESS_LIMITS[name].value) / processes));
  return {
    ...streamLimits,
    maxStreams: part(streamLimits.maxStreams, "maxStreams"),
    streamsPerSecond: part(streamLimits.streamsPerSecond, "streamsPerSecond"),
    targetStreams: part(streamLimits.targetStreams, "targetStreams"),
    targetStreamsPerSecond: part(streamLimits.targetStreamsPerSecond, "targetStreamsPerSecond"),
  };
}
