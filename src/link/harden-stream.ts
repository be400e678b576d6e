import { constants, type Http2Stream } from "node:http2";

interface Chunk {
  readonly chunk: { readonly length: number };
  readonly encoding: BufferEncoding;
}

/**
 * Makes an HTTP/2 stream tell a cut body from a whole one, in both directions, and send what it was given.
 *
 * Node ends the readable side of a stream cleanly when its session dies or it is cancelled (RST_STREAM CANCEL), and sends
 * END_STREAM before RST_STREAM when it is closed with an error. A proxy that passed either on would turn a broken
 * download into a short file. After this call the readable side ends only on END_STREAM (otherwise the stream closes
 * without `end`), and `resetAndDestroy()` resets with CONNECT_ERROR (RFC 9113 §8.5) and no END_STREAM before it.
 *
 * Node (26.10) takes a gathered write for sent when it meets an empty last chunk and frees the memory of the others,
 * so that the far side receives whatever the heap holds there by then; `node:http` ends a message with such a chunk.
 * After this call empty chunks are left out.
 */
export function hardenStream(stream: Http2Stream): void {
  const push = stream.push;
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean =>
    chunk === null && stream.closed && stream.rstCode !== constants.NGHTTP2_NO_ERROR
      ? false
      : push.call(stream, chunk, encoding);
  const writev = stream._writev?.bind(stream);
  if (writev !== undefined) {
    stream._writev = (chunks: Chunk[], callback): void => {
      const full = chunks.filter(({ chunk }) => chunk.length > 0);
      if (full.length === chunks.length) writev(chunks, callback);
      else if (full.length > 0) writev(full, callback);
      else callback();
    };
  }
  stream.on("error", () => {});
  Object.assign(stream, {
    resetAndDestroy(): void {
      if (stream.destroyed) return;
      stream.end = () => stream;
      stream.close(constants.NGHTTP2_CONNECT_ERROR);
      stream.destroy();
    },
  });
}
