import { formatHostPort, type HostPort } from "../core/network-address.ts";
import { startParts } from "../core/parts.ts";
import { formatPeerAddress, formatTcpAddress } from "../core/peer-address.ts";
import { runtimeDoubt } from "../core/tried-runtime.ts";
import { openDirectory } from "../discovery/open-directory.ts";
import { classifyAddress } from "../geo/reserved-ranges.ts";
import { libp2pPeerId, type PeerId } from "../identity/peer-id.ts";
import { NoticeListener } from "../link/notice-listener.ts";
import type { ContradictedClaim, NodeOperations } from "../operation/node-status.ts";
import type { KnownPeer } from "../peers/known-peer.ts";
import { openPeers } from "../peers/open-peers.ts";
import { checkNodeOptions } from "./check-node-options.ts";
import { createOperations } from "./create-operations.ts";
import type { NodeOptions } from "./node-options.ts";
import { noticeFacts } from "./notice-facts.ts";
import { contradictedClaims } from "./own-place.ts";
import { DirectoryDoor } from "./parts/directory-door.ts";
import { openLinks } from "./parts/links.ts";
import { type NodeBase, nodeBase } from "./parts/node-base.ts";
import { OwnNews } from "./parts/own-news.ts";
import { openSelf } from "./parts/self.ts";

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

/**
 * Makes and starts a node. Its parts start in the order in which they stand here, and stop in the opposite one.
 * Throws ERR_LISTEN_*, ERR_CONFIG_VALUE for an impossible option, ERR_DATA_DIRECTORY for an unwritable advertisement file,
 * ERR_WORKER when a worker does not come up.
 */
export async function createNode(options: NodeOptions): Promise<BywayNode> {
  const base = nodeBase(options);
  const { identity, clock, random, logger, localNetwork } = base;
  const { directory: directoryOptions, noticeListen } = options;
  const doubt = runtimeDoubt(process.versions.node);
  if (doubt !== undefined) logger.warn(doubt);
  const door = new DirectoryDoor(base, { hasDirectory: directoryOptions !== undefined });
  const news = new OwnNews();
  return startParts(async (parts) => {
    checkNodeOptions(options);
    const links = parts.add("links", await openLinks(base, door, options));
    const { endpoint, address } = links;
    warnOfPrivateEndpoint(base, endpoint);

    const onOwn = (envelope: Uint8Array): void => news.cameBack(envelope);
    const kept =
      directoryOptions && openPeers(base, { ...directoryOptions, localNetwork, self: identity.peerId, onOwn });
    if (kept !== undefined) parts.add("peers", kept);

    const notice =
      noticeListen &&
      new NoticeListener(
        { clock },
        { listen: noticeListen, facts: noticeFacts({ settings: options, peerId: identity.peerId }) },
      );
    if (notice !== undefined) parts.add("notice", notice);

    const self = openSelf(base, { links, kept, news }, options);
    parts.add("uptime", self.uptime);
    if (kept !== undefined) {
      const seenAt = self.seen.note.bind(self.seen);
      const directory = await openDirectory(
        { clock, random, logger, identity, ...kept, own: () => self.known(), seenAt },
        { ...directoryOptions, localNetwork, announce: [formatTcpAddress(endpoint)] },
      );
      parts.add("directory", directory);
      door.open(directory);
      self.onPublish(() => directory.announce());
    }
    parts.add("self", self);

    const geo = options.geo ?? directoryOptions?.geo;
    const contradicted = geo === undefined ? [] : contradictedClaims(self.known().advertisement, geo);
    warnOfContradictions(base, endpoint, contradicted);
    const operations = parts.add(
      "operations",
      createOperations(
        {
          ...base,
          links: links.service,
          orders: links.orders,
          load: () => self.load(),
          book: kept?.book,
          seenAddresses: () => self.seen.addresses,
          clockWords: kept?.clockWords,
          keyWatch: self.keyWatch,
          contradicted,
          envelope: () => self.known().envelope,
          onChange: () => news.changed(),
        },
        { ...options, endpoint, address },
      ),
    );
    self.addLoad(() => operations.loadShare);

    let stopped: Promise<void> | undefined;
    return {
      peerId: identity.peerId,
      address,
      bootstrap: formatPeerAddress({ ...endpoint, peer: libp2pPeerId(identity.peerId) }),
      advertisement: () => self.known().envelope,
      known: () => self.known(),
      operations: operations.view,
      drained: operations.view.drained,
      stop() {
        // Streams are reset first: a part that stops slowly may reach the time at which the process exits, and then the
        // system closes what is open, which looks like the end of a whole body.
        stopped ??= Promise.all([links.service.stop(), parts.stop()]).then(() => {});
        return stopped;
      },
    };
  });
}

function warnOfPrivateEndpoint({ logger, localNetwork }: NodeBase, endpoint: HostPort): void {
  if (localNetwork || classifyAddress(endpoint.host) === undefined) return;
  logger.warn(
    "others will refuse this node, whose address is not public: use --advertise, or --local-network on both sides",
    { endpoint: formatHostPort(endpoint) },
  );
}

function warnOfContradictions(
  { logger }: NodeBase,
  endpoint: HostPort,
  contradicted: readonly ContradictedClaim[],
): void {
  if (contradicted.length === 0) return;
  logger.warn("the address data contradicts what this node claims of its place; clients use the data", {
    endpoint: formatHostPort(endpoint),
    ...Object.fromEntries(
      contradicted.map(({ claim, claimed, found }) => [claim, `${found}, not ${claimed}`] as const),
    ),
  });
}
