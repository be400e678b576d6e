import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { HostPort } from "../../src/core/network-address.ts";
import { type Lane, LaneTraffic } from "./delay-lane.ts";

/** `forth` is from who connects to the line toward its target. */
export type LineDirection = "forth" | "back";

/** What a delay line is like. */
export interface DelayLineOptions {
  /** Where it takes connections; any free port of 127.0.0.1 by default. */
  readonly listen?: HostPort;
  /** Where it connects onward; asked for at each connection when it is a function. */
  readonly target: HostPort | (() => HostPort);
  /** How long a byte is on the way, in each direction; a round trip is twice that. */
  readonly delayMs: number;
  /** What each direction carries at most, for all connections together; no bound by default. */
  readonly bytesPerSecond?: number;
  /** The queue before the link, for each connection and direction; 1 MiB by default. */
  readonly queueBytes?: number;
  /** Begin stalled in both directions. Default false. */
  readonly stalled?: boolean;
  readonly clock?: Clock;
}

/** A link of a network with delay, made of a TCP forwarder. */
export interface DelayLine extends AsyncDisposable {
  readonly address: HostPort;
  /** Connections open now. */
  readonly connections: number;
  /** Bytes that left the line at the far end of `direction` so far. */
  carriedBytes(direction: LineDirection): number;
  /** Bytes that entered the line in `direction` and have not left it. */
  heldBytes(direction: LineDirection): number;
  /** Lets nothing leave in `direction`, in both when not said; what is sent meanwhile waits. */
  stall(direction?: LineDirection): void;
  resume(direction?: LineDirection): void;
  /** Ends all connections abruptly. Idempotent. */
  stop(): Promise<void>;
}

/** What a link without a bandwidth holds of a connection: 500 MB/s for 128 ms. */
const UNCAPPED_BYTES = 64 * 1024 * 1024;
const QUEUE_BYTES = 1024 * 1024;

/**
 * Starts a TCP forwarder that is to its two sides what a long cable is: every byte, end and reset arrives `delayMs` after
 * it was sent, in order. With `bytesPerSecond` a byte also waits until those before it are sent, in a queue of
 * `queueBytes`; when it is full the sender is no longer read, and feels it as backpressure.
 *
 * It is one TCP connection on either side, so what TCP itself does over distance is not modelled: connecting costs no round
 * trip, no packet is lost, no congestion window grows from small, and the sockets' own buffers (some MB) come on top of
 * the queue. All figures are of one process: run it where its share of the processor does not disturb what is measured.
 */
export async function startDelayLine(options: DelayLineOptions): Promise<DelayLine> {
  const { clock = systemClock, listen = { host: "127.0.0.1", port: 0 }, target } = options;
  const lanes: Readonly<Record<LineDirection, Lane>> = { forth: laneOf(options), back: laneOf(options) };
  const traffic = new Set<{ readonly sockets: readonly net.Socket[]; deliver(direction: LineDirection): void }>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const onward = typeof target === "function" ? target() : target;
    const far = net.connect({ ...onward, allowHalfOpen: true, noDelay: true });
    const forth = new LaneTraffic({ clock }, lanes.forth, near, far);
    const back = new LaneTraffic({ clock }, lanes.back, far, near);
    far.once("connect", () => forth.deliver());
    const connection = {
      sockets: [near, far],
      deliver: (direction: LineDirection) => (direction === "forth" ? forth : back).deliver(),
    };
    traffic.add(connection);
    for (const socket of connection.sockets) {
      socket.on("error", () => {});
      socket.once("close", () => {
        if (near.closed && far.closed) traffic.delete(connection);
      });
    }
  });
  server.listen({ ...listen, backlog: 1_024 });
  await once(server, "listening");
  const { address: host, port } = server.address() as AddressInfo;

  const setStalled = (stalled: boolean, direction?: LineDirection): void => {
    for (const one of direction === undefined ? (["forth", "back"] as const) : [direction]) {
      lanes[one].stalled = stalled;
      for (const connection of traffic) connection.deliver(one);
    }
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const { sockets } of traffic) for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    address: { host, port },
    get connections() {
      return traffic.size;
    },
    carriedBytes: (direction) => lanes[direction].carriedBytes,
    heldBytes: (direction) => lanes[direction].heldBytes,
    stall: (direction) => setStalled(true, direction),
    resume: (direction) => setStalled(false, direction),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function laneOf({ delayMs, bytesPerSecond, queueBytes = QUEUE_BYTES, stalled = false }: DelayLineOptions): Lane {
  return {
    delayMs,
    bytesPerSecond: bytesPerSecond ?? Number.POSITIVE_INFINITY,
    capacityBytes: bytesPerSecond === undefined ? UNCAPPED_BYTES : (bytesPerSecond * delayMs) / 1_000 + queueBytes,
    stalled,
    freeAtMs: 0,
    carriedBytes: 0,
    heldBytes: 0,
  };
}
