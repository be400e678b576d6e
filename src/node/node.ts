import { existsSync } from "node:fs";
import { systemClock } from "../core/clock.ts";
import { BywayError, toBywayError } from "../core/errors.ts";
import { silentLogger } from "../core/logger.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { formatPeerAddress, formatTcpAddress } from "../core/peer-address.ts";
import { systemRandom } from "../core/random.ts";
import { runtimeDoubt } from "../core/tried-runtime.ts";
import type { Directory } from "../discovery/directory.ts";
import { openDirectory } from "../discovery/open-directory.ts";
import { checkBinding } from "../egress/check-binding.ts";
import { ByteBudget } from "../flow/byte-budget.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { createCertificate } from "../identity/certificate.ts";
import { libp2pPeerId, type PeerId } from "../identity/peer-id.ts";
import type { LocateHop } from "../link/locate-hop.ts";
import { NoticeListener } from "../link/notice-listener.ts";
import type { AcceptOverlay } from "../link/public-port.ts";
import { TcpTransport } from "../link/tcp-transport.ts";
import type { TransportListener } from "../link/transport.ts";
import type { NodeOperations } from "../operation/node-status.ts";
import { STARTING_ORDERS } from "../operation/serving-orders.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { openPeers } from "../peers/open-peers.ts";
import { writePeerFile } from "../peers/peer-file.ts";
import { forkWorker } from "../workers/fork-worker.ts";
import { WayBack } from "../workers/way-back.ts";
import { answerWorker } from "./ask-node.ts";
import { createOperations, type Operations } from "./create-operations.ts";
import { EndOrders } from "./end-orders.ts";
import { openLinkEnd } from "./link-end.ts";
import { checkNodeOptions, linkEndOptions } from "./link-end-options.ts";
import type { NodeOptions } from "./node-options.ts";
import { noticeFacts } from "./notice-facts.ts";
import { createBandwidthRecord, createKeyWatch, createLoadMeter, createSeenAddresses, ownFacts } from "./own-facts.ts";
import { contradictedClaims } from "./own-place.ts";
import { PooledEnds } from "./pooled-ends.ts";
import { Advertiser } from "./self/advertiser.ts";
import { UptimeLog } from "./self/uptime-log.ts";
import { shownHops } from "./shown-hops.ts";

/** A running node. */
export interface BywayNode {
  readonly peerId: PeerId;
  /** Where it takes links. */
  readonly address: HostPort;
  /** The multiaddr through which others join the directory. */
  readonly bootstrap: string;
  /** Its newest signed advertisement. */
  advertisement(): Uint8Array;
  /** Itself as a client in the same process would know it. */
  known(): KnownPeer;
  /** What its operator sees, and can have it do. */
  readonly operations: NodeOperations;
  /** Settles when a drain has come to its end: the node is to be stopped then. */
  readonly drained: Promise<void>;
  /** Resets all streams at once, then ends all links and sockets and what else the node owns. Idempotent. */
  stop(): Promise<void>;
}

/** The program of worker processes, which a bundle does not have beside it. Throws ERR_WORKER where it is missing. */
function workerFile(): URL {
  const here: string | undefined = import.meta.url;
  // Tools that compile change the endings of imports, and this is none.
  const file = here === undefined ? undefined : new URL(here.endsWith(".ts") ? "worker.ts" : "worker.js", here);
  if (file !== undefined && existsSync(file)) return file;
  throw new BywayError("ERR_WORKER", "the program of worker processes is missing, as in a bundle");
}

/**
 * Makes and starts a node.
 * Throws ERR_LISTEN_*, ERR_CONFIG_VALUE for an impossible option, ERR_DATA_DIRECTORY for an unwritable advertisement file,
 * ERR_WORKER when a worker does not come up.
 */
export async function createNode(options: NodeOptions): Promise<BywayNode> {
  const doubt = runtimeDoubt(process.versions.node);
  if (doubt !== undefined) options.logger?.warn(doubt);
  const { identity, clock = systemClock, random = systemRandom, logger = silentLogger } = options;
  const { localNetwork = false, workers = 1 } = options;
  checkNodeOptions(options);
  const budget = options.budget ?? new ByteBudget({ clock, logger }, { bytes: options.memoryBudgetBytes });

  const certificate = await createCertificate(identity, clock, random);
  const listeners: HostPort[] = [];
  const linkOptions = linkEndOptions(options, { certificate, listeners, budgetBytes: budget.bytes });
  let directory: Directory | undefined;
  const acceptOverlay: AcceptOverlay | undefined =
    options.directory === undefined
      ? undefined
      : (socket, remote) => (directory === undefined ? socket.destroy() : directory.accept(socket, remote));
  const stopping = new AbortController();
  const withoutDirectory = shownHops({ clock }, { localNetwork });
  const locateHop: LocateHop = (asked, signal) =>
    directory === undefined ? withoutDirectory(asked, signal) : directory.locateHop(asked, signal);
  const pool =
    workers === 1
      ? undefined
      : new PooledEnds(
          { clock, logger, fork: forkWorker(workerFile()), answer: answerWorker(locateHop, stopping.signal) },
          { workers },
        );
  await checkBinding(options.bindEgress ?? []);
  const links = pool ?? (await openLinkEnd({ clock, logger, budget, acceptOverlay, locateHop }, linkOptions));
  const orders = new EndOrders(links);
  orders.obey(STARTING_ORDERS);
  const wayBack = pool === undefined || acceptOverlay === undefined ? undefined : new WayBack({ clock }, acceptOverlay);
  let listener: TransportListener | undefined;
  // What was made is ended in reverse, also where the rest cannot be made.
  await using made = new AsyncDisposableStack();
  made.defer(async () => void (await Promise.all([listener?.close(), links.stop(), wayBack?.stop()])));
  made.defer(() => stopping.abort());

  const transport = new TcpTransport({ clock }, { paused: pool !== undefined });
  listener = await transport.listen(options.listen, (raw) => links.accept(raw));
  const endpoint = options.advertise ?? listener.address;
  listeners.push(listener.address, endpoint, ...(options.noticeListen === undefined ? [] : [options.noticeListen]));
  if (!localNetwork && classifyAddress(endpoint.host) !== undefined) {
    logger.warn(
      "others will refuse this node, whose address is not public: use --advertise, or --local-network on both sides",
      {
        endpoint: formatHostPort(endpoint),
      },
    );
  }

  const kept =
    options.directory &&
    openPeers(
      { clock, random, logger },
      {
        ...options.directory,
        localNetwork,
        self: identity.peerId,
        onOwn: (envelope) => keyWatch.look(envelope),
      },
    );
  made.defer(() => kept?.stop());
  // The other machine then hears of this one too.
  const keyWatch = createKeyWatch({ clock, logger, onFound: () => advertiser.changed() }, kept?.store);
  const uptime = kept && new UptimeLog({ store: kept.store, clock, logger });
  made.defer(() => uptime?.stop());
  uptime?.start();
  const seen = createSeenAddresses(kept?.store, (addresses) => orders.see(addresses));
  orders.see(seen.addresses);
  if (kept !== undefined) {
    directory = await openDirectory(
      { clock, random, logger, identity, ...kept, own: () => known(), seenAt: (own, by) => seen.note(own, by) },
      { ...options.directory, localNetwork, announce: [formatTcpAddress(endpoint)] },
    );
  }
  made.defer(() => directory?.stop());
  const bandwidth = createBandwidthRecord(
    { clock, random, logger, budget, kept, onChange: () => advertiser.changed() },
    options,
  );
  made.defer(() => bandwidth?.stop());
  const meter = createLoadMeter({ clock, links, bandwidth }, options);
  let operations: Operations | undefined;
  const load = (): number => Math.max(meter.load, Math.round((operations?.loadShare ?? 0) * 20) / 20);
  const upSinceSec = Math.floor(clock.nowMs() / 1000);
  const publish = async (envelope: Uint8Array): Promise<void> => {
    directory?.announce();
    if (options.advertisementFile !== undefined) await writePeerFile(options.advertisementFile, envelope);
  };
  const advertiser = new Advertiser(
    {
      identity,
      clock,
      publish: (envelope) =>
        void publish(envelope).catch((error: unknown) =>
          logger.warn("the advertisement file could not be renewed", { reason: toBywayError(error).message }),
        ),
      onSigned: (advertisement) => keyWatch.signed(advertisement),
    },
    () =>
      ownFacts(options, {
        endpoint,
        policy: linkOptions.policy,
        upSinceSec,
        load: load(),
        bandwidth: bandwidth?.bandwidth,
        availability: uptime?.availability(),
      }),
  );
  made.defer(() => advertiser.stop());

  const known = (): KnownPeer => ({ advertisement: advertiser.advertisement, envelope: advertiser.envelope });
  const geo = options.geo ?? options.directory?.geo;
  const contradicted = geo === undefined ? [] : contradictedClaims(advertiser.advertisement, geo);
  if (contradicted.length > 0) {
    logger.warn("the address data contradicts what this node claims of its place; clients use the data", {
      endpoint: formatHostPort(endpoint),
      ...Object.fromEntries(
        contradicted.map(({ claim, claimed, found }) => [claim, `${found}, not ${claimed}`] as const),
      ),
    });
  }
  const operated = createOperations(
    {
      ...{ clock, random, logger, budget, links, orders, load, book: kept?.book },
      seenAddresses: () => seen.addresses,
      clockWords: kept?.clockWords,
      ...{ keyWatch, contradicted },
      envelope: () => advertiser.envelope,
      onChange: () => advertiser.changed(),
    },
    { ...options, endpoint, address: listener.address, ends: linkOptions },
  );
  operations = operated;
  made.defer(() => operated.stop());
  const notice =
    options.noticeListen &&
    new NoticeListener({ clock }, { listen: options.noticeListen, facts: noticeFacts(linkOptions) });
  const wayBackPath = await wayBack?.start();
  await pool?.start(wayBackPath === undefined ? linkOptions : { ...linkOptions, wayBackPath });
  made.defer(() => notice?.stop());
  await notice?.start();
  await directory?.start();
  await publish(advertiser.envelope);
  advertiser.start();
  bandwidth?.start();
  await operated.start();
  const owned = made.move();
  let stopped: Promise<void> | undefined;
  return {
    peerId: identity.peerId,
    address: listener.address,
    bootstrap: formatPeerAddress({ ...endpoint, peer: libp2pPeerId(identity.peerId) }),
    advertisement: () => advertiser.envelope,
    known,
    operations: operated.view,
    drained: operated.view.drained,
    stop() {
      // Streams are reset first: a part that stops slowly may reach the time at which the process exits, and then the
      // system closes what is open, which looks like the end of a whole body.
      stopped ??= Promise.all([links.stop(), owned.disposeAsync()]).then(() => {});
      return stopped;
    },
  };
}
