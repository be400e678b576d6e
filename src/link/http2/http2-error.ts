/**
 * A peer broke RFC 9113. With `streamId` 0 the connection is broken (§5.4.1: send GOAWAY and close); otherwise that stream
 * alone is (§5.4.2: send RST_STREAM). `code` is the error code to send. It does not leave the link: the session turns it into
 * a BywayError.
 */
export class Http2Error extends Error {
  /** An error code of RFC 9113 §7. */
  readonly code: number;
  /** 0 for the connection. */
  readonly streamId: number;

  constructor(code: number, message: string, streamId = 0) {
    super(message);
    this.name = "Http2Error";
    this.code = code;
    this.streamId = streamId;
  }

  /** What the error ends. */
  get scope(): "connection" | "stream" {
    return this.streamId === 0 ? "connection" : "stream";
  }
}
