import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import type { Limit } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import { PROTOCOL_VERSION } from "../core/version.ts";
import { AddressGuard } from "../egress/address-guard.ts";
import { Egress } from "../egress/egress.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import { LocalAddresses } from "../egress/local-addresses.ts";
import { lookUpNat64 } from "../egress/nat64-lookup.ts";
import { Nat64Watch } from "../egress/nat64-watch.ts";
import { DnsResolver } from "../egress/resolver.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { LinePace } from "../flow/line-pace.ts";
import { BandwidthService, bandwidthRequests } from "../link/bandwidth-service.ts";
import { documentRequest } from "../link/document-request.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { LinkServer } from "../link/link-server.ts";
import type { LocateHop } from "../link/locate-hop.ts";
import { NoticeServer } from "../link/notice-server.ts";
import { type AcceptOverlay, PublicPort } from "../link/public-port.ts";
import { WayDialler } from "../link/way-dialler.ts";
import type { ServingOrders } from "../operation/serving-orders.ts";
import type { ServingReport } from "../operation/serving-report.ts";
import { RefusalCounts } from "../rate/refusal-counts.ts";
import { RELAY_LIMITS } from "../relay/limits.ts";
import { RelayService } from "../relay/relay-service.ts";
import { sendBack } from "../workers/overlay-backchannel.ts";
import { openExitStack } from "./exit-stack.ts";
import type { LinkServiceOptions } from "./link-service-options.ts";
import { noticeFacts } from "./notice-facts.ts";
import { shownHops } from "./shown-hops.ts";

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

/**
 * Opens the part of a node that serves links: in the node's own process, or in each of its workers.
 * If it is one of several, `load` is that of the whole node. Throws ERR_CONFIG_VALUE.
 */
export async function openLinkService(
  components: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** In place of one of its own. */
    readonly budget?: ByteBudget;
    readonly load?: () => number;
    /** Takes what speaks libp2p. Absent in a worker, and where the node has no part in the overlay. */
    readonly acceptOverlay?: AcceptOverlay | undefined;
    /** Number of the process, from 1. */
    readonly processNumber?: number;
    /** Where next hops are reached; only what requests show is known when absent. */
    readonly locateHop?: LocateHop | undefined;
  },
  options: LinkServiceOptions,
): Promise<LocalLinkService> {
  const { clock, logger } = components;
  const { localNetwork, roles, policy, bindEgress, dnsServers, backchannelPath } = options;
  const budget = components.budget ?? new ByteBudget({ clock, logger }, { bytes: options.budgetBytes });
  let orders: ServingOrders = { endsStreams: false };
  const partOf = (whole: number): number => Math.max(1, Math.floor(whole / options.processes));
  const share = ({ value }: Limit): number => partOf(value);

  const local = new LocalAddresses({ clock, logger });
  const nat64 = new Nat64Watch({
    clock,
    logger,
    local: () => local.current(),
    lookUp: (signal) => lookUpNat64(clock, dnsServers, signal),
    onChange: () => egress.endProhibited(),
  });
  const guard = new AddressGuard(
    {
      local: () => local.current(),
      listeners: () => options.listeners,
      seen: () => orders.seenAddresses ?? NOWHERE,
      inside: (ip) => nat64.inside(ip),
      perhapsInside: (ip) => nat64.perhapsInside(ip),
    },
    { allowTargets: options.allowTargets, localNetwork },
  );
  const resolver = new DnsResolver(
    { clock },
    {
      ...(dnsServers === undefined ? {} : { servers: dnsServers }),
      maxCachedNames: share(EGRESS_LIMITS.maxCachedNames),
      maxCachedAddresses: share(EGRESS_LIMITS.maxCachedAddresses),
    },
  );
  const refusals = new RefusalCounts();
  const pace = new LinePace({ clock }, { linkBytesPerSecond: options.linkBytesPerSecond });
  const exitStack = await openExitStack(
    { clock, logger, budget, guard, processNumber: components.processNumber ?? 1 },
    options,
  );
  await using made = new AsyncDisposableStack();
  made.defer(() => exitStack.stop());
  made.defer(() => nat64.stop());
  const egress = new Egress(
    { clock, logger, resolver, guard, policy: exitStack.policy },
    {
      ...(bindEgress === undefined ? {} : { bindEgress }),
      maxTargetSockets: Math.max(share(EGRESS_LIMITS.maxTargetSockets), partOf(options.streamLimits?.maxStreams ?? 0)),
      maxHopSockets: share(EGRESS_LIMITS.maxHopSockets),
      maxUdpFlows: share(EGRESS_LIMITS.maxUdpFlows),
      maxPendingLookups: share(EGRESS_LIMITS.maxPendingLookups),
    },
  );
  // A lab stands behind no translator, and one that only tells peers of each other has no way out.
  if (!localNetwork && roles.some((role) => role !== "bootstrap")) nat64.start();
  const exit = exitStack.serve(egress);
  const relay = new RelayService(
    {
      clock,
      budget,
      locate: components.locateHop ?? shownHops({ clock }, { localNetwork }),
      dialler: new WayDialler({ clock, budget, transport: { dial: (at, signal) => egress.dialHop(at, signal) } }),
      log: exitStack.proofLog,
    },
    {
      processes: options.processes,
      localNetwork,
      maxCarried: share(RELAY_LIMITS.carried),
      maxToHop: share(RELAY_LIMITS.carriedToHop),
      maxWaiting: share(RELAY_LIMITS.waiting),
      maxPendingProofs: share(RELAY_LIMITS.pendingProofs),
    },
  );
  const server = new LinkServer(
    {
      clock,
      logger,
      budget,
      refusals,
      load: components.load,
      openPace: options.isPaced ? () => pace.openLink() : undefined,
      refusal: () => orders.refusal && refusalOf(orders.refusal),
      requests: [
        documentRequest(() => ({
          v: PROTOCOL_VERSION,
          roles,
          policy: { acceptedPorts: policy.acceptedPorts },
          load: components.load?.() ?? server.load,
        })),
        ...(roles.includes("exit") ? exit.requests : []),
        ...(roles.includes("relay") ? relay.requests : []),
        ...bandwidthRequests(new BandwidthService({ clock }, share(LINK_LIMITS.bandwidthTransfers))),
      ],
    },
    { ...options.certificate, allowClassical: options.allowClassical },
  );
  const notice = new NoticeServer({ clock, refusals }, noticeFacts(options), {
    open: share(LINK_LIMITS.openNotices),
    networkOpen: share(LINK_LIMITS.networkNotices),
    perSecond: share(LINK_LIMITS.noticesPerSecond),
    networkPerSecond: share(LINK_LIMITS.networkNoticesPerSecond),
    networkBurst: share(LINK_LIMITS.networkNoticeBurst),
  });
  const sendToNode: AcceptOverlay | undefined =
    backchannelPath === undefined
      ? undefined
      : (socket, remote) => sendBack({ clock, budget }, backchannelPath, socket, remote);
  const port = new PublicPort(
    { clock, refusals },
    {
      link: (raw) => server.accept(raw),
      overlay: components.acceptOverlay ?? sendToNode,
      notice: (socket) => notice.accept(socket),
    },
    { most: share(LINK_LIMITS.unspokenConnections), mostPerCrowd: LINK_LIMITS.unspokenPerAddress.value },
  );
  const owned = made.move();
  const end = async (): Promise<void> => {
    resolver.stop();
    await Promise.all([port.stop(), notice.stop(), server.stop(), egress.stop()]);
    // Last, as what has ended just now leaves its record.
    await owned.disposeAsync();
  };
  let stopped: Promise<void> | undefined;
  return {
    accept: (raw) => port.accept(raw),
    idleSinceMs: (raw) => server.idleSinceMs(raw),
    giveWay: (raw) => server.giveWay(raw),
    get report() {
      const { links, streams, received, sent } = server.usage;
      const { traffic } = egress;
      return {
        links,
        streams,
        streamsOpened: exit.opened,
        failedProofs: relay.failedProofsLastHour,
        linkBytes: received + sent,
        line: { received: received + traffic.received, sent: sent + traffic.sent },
        refusals: refusals.counts,
        ...exitStack.report,
      };
    },
    obey(given) {
      const isSeenElsewhere = given.seenAddresses?.join() !== orders.seenAddresses?.join();
      orders = given;
      if (isSeenElsewhere) egress.endProhibited();
      const { bytesPerSecond, endsStreams, refusal } = given;
      pace.setRate(
        bytesPerSecond === undefined ? undefined : Math.max(1, Math.floor(bytesPerSecond / options.processes)),
      );
      if (endsStreams && refusal !== undefined) server.endStreams(refusalOf(refusal));
    },
    reload: () => exitStack.reload(),
    get takenShare() {
      return server.takenShare;
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
  };
}

/** One object, as the guard goes by which it is. */
const NOWHERE: readonly string[] = [];

function refusalOf({ code, message, retryAfterSec, by }: NonNullable<ServingOrders["refusal"]>): BywayError {
  return new BywayError(code, message, { data: { by, retryAfterSec } });
}
