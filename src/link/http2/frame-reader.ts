import type { FrameSink } from "./frame-sink.ts";

/** What a reader is for. */
export interface FrameReaderOptions {
  /** Our end. A server's reader demands the client's preface first (RFC 9113 §3.4). */
  readonly role: "client" | "server";
  /** The largest payload that we advertise (SETTINGS_MAX_FRAME_SIZE): 16,384 to 16,777,215. */
  readonly maxFrameBytes: number;
}

/**
 * Reads the frames of one connection: `new FrameReader(sink, options)`. DATA passes through in pieces as they come, without a
 * copy; other frames are whole. The reader keeps no chunk, and of its own at most one header block.
 */
export interface FrameReader {
  readonly sink: FrameSink;
  /**
   * Reads `chunk` and calls the sink for what it brings. Throws Http2Error (scope connection) where the peer broke a rule that
   * ends the connection, or where the sink threw; afterwards it reads nothing.
   */
  push(chunk: Uint8Array): void;
  /** Reads nothing more: neither the rest of the chunk that is being read, nor later ones. A sink may call it. */
  stop(): void;
}
