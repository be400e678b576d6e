import type { Duplex } from "node:stream";

/** How many bytes a stream of a link has carried. */
export interface StreamCounts {
  /** Bytes that have arrived, read or not. */
  readonly bytesRead: number;
  /** Bytes that were handed to the link. */
  readonly bytesWritten: number;
}

/** A stream of a link. */
export type CountedStream = Duplex & StreamCounts;
