import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { LinkServer } from "../link/link-server.ts";
import type { LocateHop } from "../link/locate-hop.ts";
import type { AcceptOverlay } from "../link/public-port.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import { NO_REPORT, type ServingReport } from "../operation/serving-report.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";
import { openBandwidth } from "./service/bandwidth.ts";
import { openDocument } from "./service/document.ts";
import { openExit } from "./service/exit.ts";
import { openLine } from "./service/line.ts";
import { openServiceLog } from "./service/log.ts";
import { openOwnAddresses } from "./service/own-addresses.ts";
import { openPort } from "./service/port.ts";
import { openRelay } from "./service/relay.ts";
import type { ServiceBase, ServicePart } from "./service/service-part.ts";
import { openTargetRules } from "./service/target-rules.ts";
import { openWaysOut } from "./service/ways-out.ts";

/** Serves links and everything that they ask for, and what else comes to the same port. */
export interface LinkService {
  /** Serves one connection, whatever it speaks; owns it from here on. */
  accept(raw: Duplex): void;
  /** What it carries, refuses and lacks. */
  readonly report: ServingReport;
  /** Share of the places for links that is taken, 0 to 1. */
  readonly takenShare: number;
  /** Goes by `orders` from now on; the speed in them is that of the whole node. */
  obey(orders: ServingOrders): void;
  /** Reads all blocklists again; settles with how each fared. */
  reload(): Promise<ServingReport["blocklists"]>;
  /** Resets all streams at once, and ends all links and sockets. Idempotent: every call settles when all is gone. */
  stop(): Promise<void>;
}

/** A link service in this process, which knows how its links are used. */
export type LocalLinkService = LinkService & Pick<LinkServer, "idleSinceMs" | "giveWay">;

/** What a link service gets from the node. */
export interface LinkServiceComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  /** In place of one of its own. */
  readonly budget?: ByteBudget | undefined;
  /** Share of the links of the whole node that are taken, if the service is one of several. */
  readonly load?: (() => number) | undefined;
  /** Takes what speaks libp2p. Absent in a worker, and if the node has no part in the overlay. */
  readonly acceptOverlay?: AcceptOverlay | undefined;
  /** Number of the process, from 1. */
  readonly processNumber?: number | undefined;
  /** Where next hops are reached; only what requests show is known if absent. */
  readonly locateHop?: LocateHop | undefined;
}

/**
 * Opens the part of a node that serves links: in the node's own process, or in each of its workers. To serve one more kind of
 * request, add a part to the list. Throws ERR_CONFIG_VALUE.
 */
export async function openLinkService(
  components: LinkServiceComponents,
  options: LinkServiceOptions,
): Promise<LocalLinkService> {
  let orders: ServingOrders = { endsStreams: false };
  const base = serviceBase(components, options, () => orders);
  const load = (): number => components.load?.() ?? server.load;

  await using made = new AsyncDisposableStack();
  const owned = <P extends ServicePart>(part: P): P => {
    made.defer(() => part.stop?.());
    return part;
  };
  const own = owned(openOwnAddresses(base, () => waysOut.egress.endProhibited()));
  const records = owned(await openServiceLog(base));
  const rules = owned(await openTargetRules(base, own));
  const waysOut = openWaysOut(base, { guard: own.guard, policy: rules.policy });
  const line = openLine(base);
  const { egress } = waysOut;
  const { log } = records;

  const parts: readonly ServicePart[] = [
    records,
    rules,
    waysOut,
    line,
    openDocument(base, load),
    openExit(base, { guard: own.guard, rules, waysOut: egress, log }),
    openRelay(base, { egress, locateHop: components.locateHop, log }),
    openBandwidth(base),
  ];
  const server: LinkServer = new LinkServer(
    {
      ...base,
      load: components.load,
      openPace: line.openPace,
      refusal: () => orders.refusal && refusalOf(orders.refusal),
      requests: parts.flatMap(({ requests = [] }) => requests),
    },
    { ...options.certificate, allowClassical: options.settings.allowClassical ?? false },
  );
  const port = openPort(base, { link: (raw) => server.accept(raw), overlay: components.acceptOverlay });

  const lasting = made.move();
  const end = async (): Promise<void> => {
    await Promise.all([port.stop(), server.stop(), waysOut.stop()]);
    // Last, as what has ended just now leaves its record.
    await lasting.disposeAsync();
  };
  let stopped: Promise<void> | undefined;
  return {
    accept: (raw) => port.accept(raw),
    idleSinceMs: (raw) => server.idleSinceMs(raw),
    giveWay: (raw) => server.giveWay(raw),
    get report() {
      const { links, streams, received, sent } = server.usage;
      const { traffic } = egress;
      let sum: ServingReport = {
        ...NO_REPORT,
        links,
        streams,
        linkBytes: received + sent,
        line: { received: received + traffic.received, sent: sent + traffic.sent },
        refusals: base.refusals.counts,
      };
      for (const { report } of parts) sum = { ...sum, ...report };
      return sum;
    },
    obey(given) {
      orders = given;
      for (const part of parts) part.obey?.(given);
      if (given.endsStreams && given.refusal !== undefined) server.endStreams(refusalOf(given.refusal));
    },
    reload: () => rules.reload(),
    get takenShare() {
      return server.takenShare;
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
  };
}

function serviceBase(
  { clock, logger, budget, processNumber = 1 }: LinkServiceComponents,
  options: LinkServiceOptions,
  orders: () => ServingOrders,
): ServiceBase {
  const processes = options.settings.workers ?? 1;
  return {
    clock,
    logger,
    budget: budget ?? new ByteBudget({ clock, logger }, { bytes: options.budgetBytes }),
    refusals: new RefusalCounts(),
    options,
    processNumber,
    processes,
    orders,
    share: (whole) => Math.max(1, Math.floor((typeof whole === "number" ? whole : whole.value) / processes)),
  };
}

function refusalOf({ code, message, retryAfterSec, by }: NonNullable<ServingOrders["refusal"]>): BywayError {
  return new BywayError(code, message, { data: { by, retryAfterSec } });
}
