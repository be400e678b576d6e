import type { Duplex } from "node:stream";
import type { HostPort } from "../core/network-address.ts";

/** A place that takes connections until it is closed. */
export interface TransportListener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: HostPort;
  /** Stops taking connections; those taken live on. */
  close(): Promise<void>;
}

/** Connects to endpoints and listens at them. Its connections carry bytes in order, and half-close. */
export interface Transport {
  /** Connects to `endpoint`. Throws ERR_HOP_UNREACHABLE, ERR_HOP_TIMEOUT or the abort reason. The caller owns the stream. */
  dial(endpoint: HostPort, signal?: AbortSignal): Promise<Duplex>;
  /** Takes connections at `endpoint`. Throws ERR_LISTEN_IN_USE, ERR_LISTEN_ADDRESS or ERR_LISTEN_PERMISSION. */
  listen(endpoint: HostPort, onConnection: (stream: Duplex) => void): Promise<TransportListener>;
}
