import http from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Timer } from "../core/clock.ts";
import { endStream } from "../core/end-stream.ts";
import { toBywayError } from "../core/errors.ts";
import { formatHostPort } from "../core/network-address.ts";
import { constraintsKey } from "../routing/constraints.ts";
import { INGRESS_LIMITS } from "./limits.ts";
import type { OpenedStream, StreamOpener, StreamRequest } from "./stream-opener.ts";

/** Options of a request over an `UpstreamAgent`. */
export interface UpstreamRequestOptions extends http.RequestOptions {
  /** The stream that the request needs; only one opened for an equal request is used again. */
  readonly streamRequest: StreamRequest;
  /** Takes an opening back. */
  readonly opening: AbortSignal;
}

/** `http.Agent` takes every stream for a socket: it calls these and, if it cannot, leaves its listeners behind. */
const SOCKET_MANNERS = { ref: () => {}, unref: () => {} };

/** Something that waits for an idle stream to be used again. */
interface IdleWatch {
  readonly timer: Timer;
  readonly drop: () => void;
}

/**
 * The streams of one client connection, kept for its next requests; nothing is shared between connections.
 * Destroy it with the connection.
 */
export class UpstreamAgent extends http.Agent {
  readonly #opener: StreamOpener;
  readonly #clock: Clock;
  readonly #opened = new WeakMap<Duplex, OpenedStream>();
  readonly #idle = new Map<Duplex, IdleWatch>();

  constructor(components: { readonly opener: StreamOpener; readonly clock: Clock }) {
    super({ keepAlive: true, maxFreeSockets: INGRESS_LIMITS.maxIdleUpstreams.value });
    this.#opener = components.opener;
    this.#clock = components.clock;
  }

  /** What is known of a stream of this agent. */
  openedOf(stream: Duplex): OpenedStream | undefined {
    return this.#opened.get(stream);
  }

  override getName(options?: http.ClientRequestArgs): string {
    const { target, constraints, user } = streamRequestOf(options);
    return JSON.stringify([formatHostPort(target), constraintsKey(constraints), user]);
  }

  override createConnection(
    options: http.ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const { streamRequest, opening } = options as UpstreamRequestOptions;
    this.#opener.openStream(streamRequest, opening).then(
      (opened) => {
        const { stream } = opened;
        this.#opened.set(stream, opened);
        // Between here and the request's own listener an error would have nobody to catch it.
        stream.on("error", () => {});
        callback?.(null, Object.assign(stream, SOCKET_MANNERS));
      },
      // Node's type asks for a stream where there is none.
      (error: unknown) => (callback as ((error: Error) => void) | undefined)?.(toBywayError(error)),
    );
  }

  /** Keeps a stream after a response, unless it has ended; bytes that come unasked end it too. */
  override keepSocketAlive(stream: Duplex): boolean {
    const { isForOne = false, endsAtMs = Number.POSITIVE_INFINITY } = this.#opened.get(stream) ?? {};
    const leftMs = endsAtMs - this.#clock.nowMs();
    const isFull = this.#idle.size >= INGRESS_LIMITS.maxIdleUpstreams.value;
    if (isForOne || leftMs <= 0 || isFull) return this.#part(stream);
    if (stream.readableEnded || !stream.writable || stream.readableLength > 0) return this.#part(stream);
    const drop = (): void => {
      this.#endIdle(stream);
      this.#part(stream);
      stream.destroy();
    };
    const timer = this.#clock.after(Math.min(INGRESS_LIMITS.idleUpstreamMs.value, leftMs), drop);
    this.#idle.set(stream, { timer, drop });
    stream.on("data", drop).on("end", drop).on("close", drop);
    stream.resume();
    return true;
  }

  override reuseSocket(stream: Duplex, request: http.ClientRequest): void {
    this.#endIdle(stream);
    super.reuseSocket(stream, request);
  }

  override destroy(): void {
    for (const { drop } of [...this.#idle.values()]) drop();
    super.destroy();
  }

  /**
   * Has the next call of `destroy`, which is Node's way to let go of a stream after a whole exchange, end it: destroyed, it
   * would be reset, and the target would see its connection break. Returns false.
   */
  #part(stream: Duplex): false {
    const { destroy } = stream;
    stream.destroy = () => {
      stream.destroy = destroy;
      endStream(stream, this.#clock, INGRESS_LIMITS.lingerMs.value);
      // Node's agent would destroy it with the app's connection, or use it again.
      stream.emit("agentRemove");
      return stream;
    };
    return false;
  }

  #endIdle(stream: Duplex): void {
    const watch = this.#idle.get(stream);
    if (watch === undefined) return;
    this.#idle.delete(stream);
    watch.timer.cancel();
    stream.off("data", watch.drop).off("end", watch.drop).off("close", watch.drop);
  }
}

function streamRequestOf(options: http.ClientRequestArgs | undefined): StreamRequest {
  return (options as UpstreamRequestOptions).streamRequest;
}
