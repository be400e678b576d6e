import { ERROR_CODE } from "./error-code.ts";
import { fieldFault } from "./field-rules.ts";
import { Http2Error } from "./http2-error.ts";
import { fieldOf, hasLength, promisedBytes, statusOf } from "./message-fields.ts";
import { failStream, type SessionParts } from "./session-parts.ts";
import type { SessionStream } from "./session-stream.ts";

/** A header list of names and values by turns; undefined where it passed a bound. */
type Fields = readonly string[] | undefined;

/**
 * The messages that a peer sends: their heads, how long their bodies are, and their ends (RFC 9113 §8.1). A malformed one ends
 * its stream with PROTOCOL_ERROR (§8.1.1).
 */
export class IncomingMessages {
  readonly #parts: SessionParts;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** A request on a new stream. Throws Http2Error for more streams than the peer may have. */
  begin(id: number, fields: Fields, isLast: boolean): void {
    const { streams, makeStream, onRequest, decoder } = this.#parts;
    streams.use(id);
    if (this.#parts.isRefused(id) || !this.#hasRoom(id)) return;
    const method = fieldOf(fields ?? [], ":method") ?? "";
    const stream = makeStream(method);
    streams.addPeer(stream, id);
    stream.hasHead = true;
    const isWell =
      fields === undefined ||
      (fieldFault(fields, "request") === undefined && (method === "CONNECT" || promise(stream, fields)));
    if (!isWell) {
      this.#fail(stream);
      return;
    }
    onRequest(stream, fields, decoder.listBytes);
    // A request that nobody takes has no owner.
    if (stream.owner === undefined) stream.reset(ERROR_CODE.refusedStream);
    else if (isLast) this.end(stream);
  }

  /** Further HEADERS on a stream: the head of an answer, an interim one, or trailers. */
  goOn(stream: SessionStream, fields: Fields, isLast: boolean): void {
    if (stream.hasHead) this.#trailers(stream, fields, isLast);
    else this.#head(stream, fields, isLast);
  }

  /** `bytes` of the body come; false where the message does not promise so many, and the stream is ended. */
  body(stream: SessionStream, bytes: number): boolean {
    if (stream.promisedBytes < 0) return true;
    stream.promisedBytes -= bytes;
    if (stream.promisedBytes >= 0) return true;
    this.#fail(stream);
    return false;
  }

  /** END_STREAM came. */
  end(stream: SessionStream): void {
    if (stream.state === "closed" || stream.isEndedByPeer) return;
    if (stream.promisedBytes > 0) this.#fail(stream);
    else stream.receiveEnd();
  }

  #head(stream: SessionStream, fields: Fields, isLast: boolean): void {
    if (fields !== undefined && fieldFault(fields, "response") !== undefined) {
      this.#fail(stream);
      return;
    }
    const status = statusOf(fields ?? []);
    const isInterim = status >= 100 && status < 200;
    if (isInterim) this.#parts.watch.sentInterim();
    const isWell = isInterim
      ? !isLast
      : fields === undefined || !hasLength(stream.method, status) || promise(stream, fields);
    if (!isWell) {
      this.#fail(stream);
      return;
    }
    stream.hasHead = !isInterim;
    stream.owner?.onHead(fields, isInterim);
    if (isLast) this.end(stream);
  }

  /** What trailers say is of no use to a byte stream: only their end counts. */
  #trailers(stream: SessionStream, fields: Fields, isLast: boolean): void {
    const isWell = isLast && (fields === undefined || fieldFault(fields, "trailers") === undefined);
    if (isWell) this.end(stream);
    else this.#fail(stream);
  }

  /** Streams beyond the bound are refused, and break the session once the peer has acknowledged the bound (§5.1.2). */
  #hasRoom(id: number): boolean {
    const { streams, own, sender, watch } = this.#parts;
    if (streams.peerCount < own.maxConcurrentStreams) return true;
    if (own.hasBeenAcknowledged) {
      throw new Http2Error(ERROR_CODE.protocolError, "the peer has opened more streams than it may");
    }
    sender.reset(id, ERROR_CODE.refusedStream);
    watch.wasReset();
    return false;
  }

  #fail(stream: SessionStream): void {
    failStream(this.#parts, stream, ERROR_CODE.protocolError);
  }
}

/** Notes the length that a message promises; false where that is no length. */
function promise(stream: SessionStream, fields: readonly string[]): boolean {
  const bytes = promisedBytes(fields);
  stream.promisedBytes = bytes ?? -1;
  return bytes !== undefined;
}
