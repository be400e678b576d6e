import { type GossipSub, gossipsub, StrictNoSign } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { Libp2p, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

/** A libp2p host without any bound of ours: what a stranger may run. */
export interface RawHost extends AsyncDisposable {
  readonly libp2p: Libp2p<{ gossip: GossipSub; dht: unknown }>;
  /** Opens a stream and sends `bytes` as they are. */
  send(address: string, protocol: string, bytes: Uint8Array): Promise<Stream>;
}

/** How a stranger differs from an honest host. */
export interface RawHostOptions {
  /** Makes a DHT. */
  readonly dht?: (components: never) => unknown;
  /** A multiaddr to listen at; without it the host listens nowhere. */
  readonly listen?: string;
  /** Sent on each connection as soon as it is encrypted, before any stream. */
  readonly afterNoise?: Uint8Array;
  /** Does not choose the muxer within Noise. */
  readonly lateMuxer?: boolean;
}

/** Starts one. */
export async function startRawHost(options: RawHostOptions = {}): Promise<RawHost> {
  const libp2p = await createLibp2p({
    addresses: { listen: options.listen === undefined ? [] : [options.listen] },
    transports: [tcp()],
    connectionEncrypters: [
      (components) => {
        const inner = noise()(components);
        const skipStreamMuxerNegotiation = options.lateMuxer === true;
        return {
          protocol: inner.protocol,
          secureInbound: (connection, more) => inner.secureInbound(connection, { ...more, skipStreamMuxerNegotiation }),
          secureOutbound: (connection, more) =>
            inner.secureOutbound(connection, { ...more, skipStreamMuxerNegotiation }),
        };
      },
    ],
    streamMuxers: [
      () => {
        const inner = yamux()();
        return {
          protocol: inner.protocol,
          createStreamMuxer(connection) {
            if (options.afterNoise !== undefined) connection.send(options.afterNoise);
            return inner.createStreamMuxer(connection);
          },
        };
      },
    ],
    services: {
      identify: identify({ protocolPrefix: "byway" }),
      ping: ping({ protocolPrefix: "byway" }),
      gossip: gossipsub({ globalSignaturePolicy: StrictNoSign, allowPublishToZeroTopicPeers: true }),
      dht: (components) => options.dht?.(components as never) ?? {},
    },
  });
  return {
    libp2p,
    async send(address, protocol, bytes) {
      const connection = await libp2p.dial(multiaddr(address));
      const stream = await connection.newStream(protocol, { maxOutboundStreams: 10_000 });
      if (stream.status === "open") stream.send(bytes);
      return stream;
    },
    async [Symbol.asyncDispose]() {
      await libp2p.stop();
    },
  };
}

/** Everything that arrives on a stream until it ends or is reset, and which of the two. */
export async function drain(stream: Stream): Promise<{ readonly bytes: Uint8Array; readonly reset: boolean }> {
  const chunks: Uint8Array[] = [];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  stream.addEventListener("message", ({ data }) => chunks.push(data.subarray()));
  stream.addEventListener("end", () => resolve(stream.status === "reset" || stream.status === "aborted"));
  stream.addEventListener("close", ({ error }) => resolve(error !== undefined));
  if (stream.status !== "open") resolve(stream.status === "reset");
  const reset = await promise;
  await stream.close().catch(() => {});
  return { bytes: Buffer.concat(chunks), reset };
}
