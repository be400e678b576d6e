import type { Duplex } from "node:stream";
import { ByteBudget } from "../core/byte-budget.ts";
import type { Clock } from "../core/clock.ts";
import type { Limit } from "../core/limits.ts";
import type { Logger } from "../core/logger.ts";
import type { HostPort } from "../core/network-address.ts";
import { PROTOCOL_VERSION } from "../core/version.ts";
import { openAdvertisement } from "../directory/signed-advertisement.ts";
import { AddressGuard } from "../egress/address-guard.ts";
import { Egress } from "../egress/egress.ts";
import { ExitService } from "../egress/exit-service.ts";
import { EGRESS_LIMITS } from "../egress/limits.ts";
import { LocalAddresses } from "../egress/local-addresses.ts";
import { PortPolicy } from "../egress/port-policy.ts";
import { DnsResolver } from "../egress/resolver.ts";
import type { CertificatePair } from "../identity/certificate.ts";
import { BandwidthService } from "../link/bandwidth-service.ts";
import { LINK_LIMITS } from "../link/limits.ts";
import { LinkServer, type LinkUsage } from "../link/link-server.ts";
import { NoticeServer } from "../link/notice-server.ts";
import { type AcceptOverlay, PublicPort } from "../link/public-port.ts";
import { RELAY_LIMITS } from "../relay/limits.ts";
import { RelayService } from "../relay/relay-service.ts";
import type { PortRange } from "../wire/port-range.ts";
import { sendBack } from "../workers/way-back.ts";
import type { Role } from "./role.ts";

/** How links are served. Plain JSON values: a worker gets them by message. */
export interface LinkEndOptions {
  readonly certificate: CertificatePair;
  readonly allowClassical: boolean;
  readonly roles: readonly Role[];
  /** What the node says of itself at `/.well-known/byway`. */
  readonly policy: { readonly acceptedPorts: readonly PortRange[] };
  /** Where the whole node listens, and the endpoints that lead there: no way out leads to them. Read at every check. */
  readonly listeners: readonly HostPort[];
  readonly allowTargets: readonly HostPort[];
  readonly localNetwork: boolean;
  readonly bindEgress?: readonly string[];
  readonly dnsServers?: readonly string[];
  readonly closedPorts?: readonly number[];
  /** How to reach the operator, for whoever asks by HTTP what this address is. */
  readonly contact?: string;
  /** Where connections of the overlay go, in a worker: the path that the node's `WayBack` listens at. */
  readonly wayBackPath?: string;
  /** How many such ends the node has. Each gets this part of every bound that is for the node as a whole. */
  readonly ends: number;
  /** Bytes that may wait at this end. */
  readonly budgetBytes: number;
}

/** Serves links and everything that they ask for, and what else comes to the same port. */
export interface LinkEnd {
  /** Serves one connection, whatever it speaks; owns it from here on. */
  accept(raw: Duplex): void;
  /** What the links carry. */
  readonly usage: LinkUsage;
  /** Share of the places for links that is taken, 0 to 1. */
  readonly takenShare: number;
  /** Ends all links, streams and sockets. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Makes the part of a node that serves links: in the node's own process, or in each of its workers.
 * `load` is that of the whole node where this is one of several ends. Throws ERR_CONFIG_VALUE.
 */
export function createLinkEnd(
  components: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** In place of one of its own. */
    readonly budget?: ByteBudget;
    readonly load?: () => number;
    /** Takes what speaks libp2p. Absent in a worker, and where the node has no part in the overlay. */
    readonly acceptOverlay?: AcceptOverlay | undefined;
  },
  options: LinkEndOptions,
): LinkEnd {
  const { clock, logger } = components;
  const { localNetwork, roles, policy, bindEgress, dnsServers, closedPorts, wayBackPath } = options;
  const budget = components.budget ?? new ByteBudget({ clock, logger }, { bytes: options.budgetBytes });
  const share = ({ value }: Limit): number => Math.max(1, Math.floor(value / options.ends));

  const local = new LocalAddresses({ clock });
  const guard = new AddressGuard(
    { local: () => local.current(), listeners: () => options.listeners },
    { allowTargets: options.allowTargets, localNetwork },
  );
  const resolver = new DnsResolver(
    { clock },
    {
      ...(dnsServers === undefined ? {} : { servers: dnsServers }),
      maxCachedNames: share(EGRESS_LIMITS.maxCachedNames),
    },
  );
  const ports = new PortPolicy(closedPorts === undefined ? {} : { closedPorts });
  const egress = new Egress(
    { clock, logger, resolver, guard, ports },
    {
      ...(bindEgress === undefined ? {} : { bindEgress }),
      maxTargetSockets: share(EGRESS_LIMITS.maxTargetSockets),
      maxHopSockets: share(EGRESS_LIMITS.maxHopSockets),
      maxUdpFlows: share(EGRESS_LIMITS.maxUdpFlows),
      maxPendingLookups: share(EGRESS_LIMITS.maxPendingLookups),
    },
  );
  const exit = new ExitService({ clock, budget, waysOut: egress });
  const relay = new RelayService(
    {
      clock,
      budget,
      verify: (envelope) => openAdvertisement(envelope, { nowMs: clock.nowMs(), localNetwork }),
      dialler: egress,
    },
    { maxCarried: share(RELAY_LIMITS.carried), maxPendingProofs: share(RELAY_LIMITS.pendingProofs) },
  );
  const server = new LinkServer(
    {
      clock,
      logger,
      budget,
      services: {
        ...(roles.includes("exit")
          ? {
              connectTarget: (incoming) => exit.connectTarget(incoming),
              connectUdp: (incoming) => exit.connectUdp(incoming),
            }
          : {}),
        ...(roles.includes("relay") ? { connectHop: (incoming, peerId) => relay.connectHop(incoming, peerId) } : {}),
        bandwidth: new BandwidthService({ clock }, share(LINK_LIMITS.bandwidthTransfers)),
        describe: () => ({ v: PROTOCOL_VERSION, roles, policy, load: components.load?.() ?? server.load }),
      },
    },
    { ...options.certificate, allowClassical: options.allowClassical },
  );
  const notice = new NoticeServer(
    { clock },
    { roles, contact: options.contact },
    { open: share(LINK_LIMITS.openNotices), perSecond: share(LINK_LIMITS.noticesPerSecond) },
  );
  const sendToNode: AcceptOverlay | undefined =
    wayBackPath === undefined
      ? undefined
      : (socket, remote) => sendBack({ clock, budget }, wayBackPath, socket, remote);
  const port = new PublicPort(
    { clock },
    {
      link: (raw) => server.accept(raw),
      overlay: components.acceptOverlay ?? sendToNode,
      notice: (socket) => notice.accept(socket),
    },
    { most: share(LINK_LIMITS.unspokenConnections), mostPerCrowd: LINK_LIMITS.unspokenPerAddress.value },
  );
  return {
    accept: (raw) => port.accept(raw),
    get usage() {
      return server.usage;
    },
    get takenShare() {
      return server.takenShare;
    },
    async stop() {
      resolver.stop();
      await Promise.all([port.stop(), notice.stop(), server.stop(), egress.stop()]);
    },
  };
}
