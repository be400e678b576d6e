import type { ConnectionEncrypter, StreamMuxerFactory } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { yamux } from "@libp2p/yamux";
import { BywayError } from "../../core/errors.ts";
import { FrameGuard, guardFrames } from "./frame-guard.ts";
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

/** Yamux with bounded streams, each of which is guarded. `freeAfter` are the protocols without framing. */
export function guardedYamux(freeAfter: ReadonlySet<string>): () => StreamMuxerFactory {
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
  const guard = <T extends object>(stream: T): T => {
    guardFrames(stream, new FrameGuard({ maxBytes, freeAfter }));
    return stream;
  };
  return () => {
    const inner = make();
    return {
      protocol: inner.protocol,
      createStreamMuxer: (connection) => {
        const muxer = inner.createStreamMuxer(connection);
        const opened = muxer.createStream.bind(muxer);
        muxer.createStream = async (options) => guard(await opened(options));
        const remote = muxer as unknown as { onRemoteStream(stream: object): void };
        const arrived = remote.onRemoteStream.bind(muxer);
        remote.onRemoteStream = (stream) => arrived(guard(stream));
        return muxer;
      },
    };
  };
}
