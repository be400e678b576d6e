import type { ConnectionEncrypter, StreamMuxerFactory } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { yamux } from "@libp2p/yamux";
import type { Clock } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { ConnectionMeter } from "./connection-meter.ts";
import { FrameGuard, type FrameGuardOptions, guardFrames } from "./frame-guard.ts";
import { OVERLAY_LIMITS } from "./limits.ts";

type NoiseComponents = Parameters<ReturnType<typeof noise>>[0];

/** The longest line in the choice of the encryption: libp2p's own bound. */
const LINE_BYTES = 1_024;
const WINDOW_BYTES = 256 * 1024;

/** Guards a connection from its first byte until it is encrypted: nothing but the choice of that is framed by varints. */
export function guardConnection(connection: object, encryption: string): void {
  guardFrames(connection, new FrameGuard({ maxBytes: LINE_BYTES, freeAfter: new Set([encryption]) }));
}

/** What Noise is called when it is chosen. */
export const NOISE = "/noise";

/**
 * Noise, and no connection without the choice of the muxer inside it (libp2p noise specification, `stream_muxers`):
 * that saves a round trip, and a second reader that strangers could keep busy.
 */
export function guardedNoise(): (components: NoiseComponents) => ConnectionEncrypter {
  const make = noise();
  return (components) => {
    const inner = make(components);
    const chosen = <T extends { streamMuxer?: StreamMuxerFactory }>(secured: T): T => {
      if (secured.streamMuxer !== undefined) return secured;
      throw new BywayError("ERR_DIRECTORY_MESSAGE", "the peer did not choose a muxer within Noise");
    };
    return {
      protocol: inner.protocol,
      secureInbound: async (connection, options) => chosen(await inner.secureInbound(connection, options)),
      secureOutbound: async (connection, options) => chosen(await inner.secureOutbound(connection, options)),
    };
  };
}

/** What of a muxer of libp2p's is guarded: all have it, though their interface does not say so. */
interface Muxer {
  onData(data: unknown): void;
  onRemoteStream(stream: object): void;
}

/**
 * Yamux with bounded streams, each of which is guarded, and with a meter for each connection: what arrives in small pieces
 * costs as much as what arrives in large ones.
 */
export function guardedYamux(
  components: { readonly clock: Clock },
  options: Pick<FrameGuardOptions, "freeAfter" | "gossipAfter">,
): () => StreamMuxerFactory {
  const make = yamux({
    // The connection monitor asks already.
    enableKeepAlive: false,
    maxInboundStreams: OVERLAY_LIMITS.streamsPerConnection.value,
    maxOutboundStreams: OVERLAY_LIMITS.streamsPerConnection.value,
    streamOptions: {
      initialStreamWindowSize: WINDOW_BYTES,
      maxStreamWindowSize: WINDOW_BYTES,
      maxReadBufferLength: OVERLAY_LIMITS.readBufferBytes.value,
    },
  });
  const maxBytes = Math.max(OVERLAY_LIMITS.gossipFrameBytes.value, OVERLAY_LIMITS.dhtAnswerBytes.value);
  return () => {
    const inner = make();
    return {
      protocol: inner.protocol,
      createStreamMuxer: (connection) => {
        const muxer = inner.createStreamMuxer(connection);
        const meter = new ConnectionMeter(components, (error) => connection.abort(error));
        const guard = <T extends object>(stream: T): T => {
          guardFrames(stream, new FrameGuard({ maxBytes, meter, ...options }));
          return stream;
        };
        const opened = muxer.createStream.bind(muxer);
        muxer.createStream = async (options) => guard(await opened(options));
        // Of itself, one that ends for an error (too many streams before it is ready) leaves its connection open.
        const abort = muxer.abort.bind(muxer);
        muxer.abort = (error) => {
          abort(error);
          connection.abort(error);
        };
        const remote = muxer as unknown as Muxer;
        const arrived = remote.onRemoteStream.bind(muxer);
        remote.onRemoteStream = (stream) => {
          if (meter.take("streams")) arrived(guard(stream));
        };
        // Each is what one message of Noise held: a frame of the muxer, or a part of one.
        const received = remote.onData.bind(muxer);
        remote.onData = (data) => {
          if (meter.take("pieces")) received(data);
        };
        return muxer;
      },
    };
  };
}
