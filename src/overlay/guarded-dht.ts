import type { Connection, Stream } from "@libp2p/interface";
import { type KadDHT, kadDHT, type passthroughMapper } from "@libp2p/kad-dht";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { networkPrefix } from "../geo/network-prefix.ts";
import { TokenBuckets } from "../rate/token-buckets.ts";
import type { DhtStore } from "./dht-store.ts";
import { peerOfRecordKey } from "./dht-store.ts";
import { OVERLAY_LIMITS } from "./limits.ts";
import { ipOf } from "./multiaddr-text.ts";
import type { OverlayServices } from "./overlay.ts";

type Components = Parameters<ReturnType<typeof kadDHT>>[0];
type PeerMapper = typeof passthroughMapper;

/** Depth of the tree of neighbours: enough for 2^24 buckets. libp2p's 6 would stop telling peers apart above 1,280. */
const PREFIX_BITS = 24;
/** Look-ups under way at once, and ways that share no peer (S/Kademlia §4.4): libp2p's 10 and 10 ask a third of a small network. */
const ALPHA = 3;

/**
 * Makes a kad-dht service that is bounded: streams, bytes on a stream and requests of each peer, and what it keeps.
 *
 * kad-dht takes what it talks to from libp2p's components, so the bounds are put there: a registrar that meters and
 * names who asks, a connection manager whose streams are bounded, and our own store.
 */
export function guardedDht(
  components: { clock: Clock; services: OverlayServices; store: DhtStore; mapPeer: PeerMapper },
  options: { protocol: string; clientMode: boolean },
): (libp2p: Components) => KadDHT {
  const { services, store, mapPeer } = components;
  const requests = new TokenBuckets(components, {
    most: OVERLAY_LIMITS.meteredPeers.value,
    burst: OVERLAY_LIMITS.dhtBurst.value,
    perSecond: OVERLAY_LIMITS.dhtPerSecond.value,
  });
  const make = kadDHT({
    protocol: options.protocol,
    clientMode: options.clientMode,
    validators: {
      byway: async (key, value) => services.checkRecord(peerOfRecordKey(key), value),
      pk: async () => {
        throw new BywayError("ERR_DIRECTORY_MESSAGE", "keys are not kept in the DHT: peer ids hold them");
      },
    },
    selectors: { byway: (_key, values) => services.newestRecord(values) },
    peerInfoMapper: mapPeer,
    alpha: ALPHA,
    disjointPaths: ALPHA,
    prefixLength: PREFIX_BITS,
    querySelfInterval: OVERLAY_LIMITS.dhtRefreshMs.value,
    // Else a look-up before the first neighbour waits without end.
    allowQueryWithZeroPeers: true,
    maxInboundStreams: OVERLAY_LIMITS.dhtStreams.value,
    maxOutboundStreams: OVERLAY_LIMITS.dhtStreams.value,
    reprovide: {
      validity: OVERLAY_LIMITS.providerMs.value,
      threshold: OVERLAY_LIMITS.providerRenewMs.value,
      interval: OVERLAY_LIMITS.providerLookMs.value,
    },
  });
  const serve =
    (inner: (stream: Stream, connection: Connection) => void | Promise<void>) =>
    async (stream: Stream, connection: Connection): Promise<void> => {
      if (!requests.take(connection.remotePeer.toString())) {
        stream.abort(new BywayError("ERR_DIRECTORY_MESSAGE", "too many DHT requests"));
        return;
      }
      boundBytes(stream, OVERLAY_LIMITS.dhtStreamBytes.value);
      await store.onBehalfOf(networkPrefix(ipOf(connection.remoteAddr) ?? "") ?? "", () => inner(stream, connection));
    };
  return (libp2p) => {
    const registrar: Components["registrar"] = Object.create(libp2p.registrar);
    registrar.handle = (protocol, inner, handling) => libp2p.registrar.handle(protocol, serve(inner), handling);
    const connectionManager: Components["connectionManager"] = Object.create(libp2p.connectionManager);
    connectionManager.openStream = async (...args) => {
      const stream = await libp2p.connectionManager.openStream(...args);
      boundBytes(stream, OVERLAY_LIMITS.dhtAnswerBytes.value);
      return stream;
    };
    const replaced: Partial<Components> = { registrar, connectionManager, datastore: store };
    const kad = make(
      new Proxy(libp2p, {
        get: (target, name, receiver) => Reflect.get(replaced, name) ?? Reflect.get(target, name, receiver),
      }),
    );
    // There is no option for it. One look-up for each distance every five minutes keeps a percent of a core busy for nothing.
    const refresh: unknown = Reflect.get(kad, "routingTableRefresh");
    if (typeof refresh === "object" && refresh !== null) {
      Object.assign(refresh, { refreshInterval: OVERLAY_LIMITS.dhtRefreshMs.value });
    }
    return kad;
  };
}

/** Resets a stream on which more than `maxBytes` arrive: kad-dht itself would take four MiB for each message. */
function boundBytes(stream: Stream, maxBytes: number): void {
  let left = maxBytes;
  stream.addEventListener("message", ({ data }) => {
    left -= data.byteLength;
    if (left < 0) stream.abort(new BywayError("ERR_DIRECTORY_MESSAGE", "a DHT message is too long"));
  });
}
