import { lookup } from "node:dns";
import type { GossipSub, gossipsub } from "@libp2p/gossipsub";
import { type Identify, identify } from "@libp2p/identify";
import type { Libp2p, Transport } from "@libp2p/interface";
import type { KadDHT, kadDHT } from "@libp2p/kad-dht";
import { type Ping, ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { createLibp2p } from "libp2p";
import type { Clock } from "../core/clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { BookStore } from "./book-store.ts";
import type { DialGate } from "./dial-gate.ts";
import { guardConnection, guardedNoise, guardedYamux, NOISE } from "./guarded-connection.ts";
import { IncomingSockets } from "./incoming-sockets.ts";
import { libp2pKey } from "./libp2p-identity.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import type { OverlayOptions } from "./overlay-options.ts";
import type { ProtocolNames } from "./protocol-names.ts";
import { quietLogger } from "./quiet-logger.ts";

/** The parts of a host that the overlay talks to. */
export type HostParts = { identify: Identify; ping: Ping; dht: KadDHT; gossip: GossipSub; incoming: IncomingSockets };
/** A libp2p host of one peer. */
export type Host = Libp2p<HostParts>;

/** Nothing is resolved but names that our own user gave, and those by the operating system under the gate. */
const NO_RESOLVERS = {};

/** What gossip is called when it is chosen. */
const GOSSIP: ReadonlySet<string> = new Set(["/meshsub/1.0.0", "/meshsub/1.1.0", "/meshsub/1.2.0"]);

/** Makes a host that is not started: our key, our bounds, our gate, and no listener of its own. */
export async function createHost(
  components: {
    identity: Identity;
    clock: Clock;
    gate: DialGate;
    book: BookStore;
    names: ProtocolNames;
    dht: ReturnType<typeof kadDHT>;
    gossip: ReturnType<typeof gossipsub>;
  },
  options: OverlayOptions,
): Promise<Host> {
  const { gate, names } = components;
  const client = options.mode === "client";
  const limits = OVERLAY_LIMITS;
  const encryption = options.encryption?.protocol ?? NOISE;
  // The transport hands all of these to net.connect, whatever its types say.
  const dialOpts = { keepAlive: true, lookup: gate.guard(lookup) };
  const outboundSocketInactivityTimeout = limits.silentMs.value;
  const tcpTransport = (own: Parameters<ReturnType<typeof tcp>>[0]): Transport =>
    tcp({ dialOpts, outboundSocketInactivityTimeout })(own);
  return createLibp2p<HostParts>({
    start: false,
    privateKey: libp2pKey(components.identity),
    // Says no version: a client's would help to tell it from others.
    nodeInfo: { name: "byway", version: "1", userAgent: "byway" },
    logger: quietLogger,
    datastore: components.book,
    peerStore: { maxAddressAge: limits.bookAddressMs.value, maxPeerAge: limits.bookPeerMs.value },
    addresses: { listen: [...(options.listen ?? [])], announce: [...(options.announce ?? [])] },
    transports: [tcpTransport, ...(options.transports ?? [])],
    connectionEncrypters: [options.encryption?.make ?? guardedNoise()],
    streamMuxers: [
      guardedYamux(components, { freeAfter: new Set([`/${names.prefix}/ping/1.0.0`]), gossipAfter: GOSSIP }),
    ],
    connectionGater: {
      ...gate.asGater(),
      // The first that libp2p does with a connection of either direction is to ask this.
      denyInboundConnection: (connection) => {
        guardConnection(connection, encryption);
        return false;
      },
      denyOutboundConnection: (_peer, connection) => {
        guardConnection(connection, encryption);
        return false;
      },
    },
    connectionManager: {
      maxConnections: client ? limits.clientConnections.value : limits.nodeConnections.value,
      // IncomingSockets keeps the bound, and lets the oldest go; libp2p would refuse the newest.
      maxIncomingPendingConnections: limits.handshakes.value * 2,
      // On one machine or LAN many peers share an address.
      inboundConnectionThreshold: options.localNetwork ? limits.nodeConnections.value : limits.incomingPerSecond.value,
      inboundUpgradeTimeout: limits.handshakeMs.value,
      maxParallelDials: limits.dials.value,
      maxDialQueueLength: limits.waitingDials.value,
      maxPeerAddrsToDial: limits.dialledAddresses.value,
      dialTimeout: limits.dialMs.value,
      addressDialTimeout: limits.addressDialMs.value,
      resolvers: NO_RESOLVERS,
    },
    connectionMonitor: { protocolPrefix: names.prefix, pingInterval: limits.pingPeriodMs.value },
    services: {
      identify: identify({ protocolPrefix: names.prefix }),
      ping: ping({ protocolPrefix: names.prefix }),
      dht: components.dht,
      gossip: components.gossip,
      incoming: ({ upgrader, logger }) =>
        new IncomingSockets(
          { upgrader, logger },
          {
            perAddress: options.localNetwork ? limits.nodeConnections.value : limits.connectionsPerAddress.value,
            handshakes: limits.handshakes.value,
          },
        ),
    },
  });
}
