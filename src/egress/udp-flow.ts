import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { abortReason } from "../core/abort.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { BywayError, systemCode } from "../core/errors.ts";
import { type Attempt, attemptOrder, egressBinding } from "./address-order.ts";
import { EGRESS_LIMITS } from "./limits.ts";
import { socketError } from "./socket-error.ts";

/** UDP to one target: datagrams to it and from it alone (RFC 9298 §3.1). Whoever opened it closes it. */
export interface UdpFlow {
  /** The target's own address. */
  readonly address: string;
  /** The port on this side, where that is known. */
  readonly fromPort?: number;
  /** Sends one UDP payload; the bytes must not change until they are out. Returns false if it is dropped, as UDP may. */
  send(payload: Uint8Array): boolean;
  /** Called with each payload that comes back, which then belongs to the callee; set by the owner. */
  onDatagram: ((payload: Uint8Array) => void) | undefined;
  /** Settles, never rejects, when the flow is over and its socket gone: with the error that ended it, if one did. */
  readonly closed: Promise<BywayError | undefined>;
  /** Ends the flow; may be called twice. */
  close(): void;
}

/** A flow that counts its payload. */
export interface CountedUdpFlow extends UdpFlow {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** How to open flows; every value has a default in `limits.ts`. */
export interface UdpFlowOptions {
  /** Local addresses to send from, one of each family at the most; families not named are not used. Default: any. */
  readonly bindEgress?: readonly string[] | undefined;
  /** A flow with no datagram either way for this long ends. */
  readonly idleTimeoutMs?: number | undefined;
}

/**
 * Opens a flow to the first of the checked `addresses` that the exit has a route to; `what` names the target.
 * The socket is connected, so the kernel drops what others send. Throws ERR_TARGET_NETWORK and the abort reason.
 */
export async function openUdpFlow(
  components: { readonly clock: Clock },
  addresses: readonly string[],
  port: number,
  what: string,
  options: UdpFlowOptions,
  signal: AbortSignal,
): Promise<CountedUdpFlow> {
  let failure = new BywayError("ERR_TARGET_NETWORK", `${what} has no address of a family that the exit sends from`);
  const binding = egressBinding(options.bindEgress);
  for (const attempt of attemptOrder(addresses, binding, EGRESS_LIMITS.maxAttempts.value)) {
    try {
      const socket = await connectedSocket(attempt, port, signal);
      return new ConnectedUdpFlow(components.clock, socket, attempt.address, what, options.idleTimeoutMs);
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      failure = socketError(error, what);
    }
  }
  throw failure;
}

async function connectedSocket(attempt: Attempt, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = createSocket({ type: attempt.family === 4 ? "udp4" : "udp6", ipv6Only: attempt.family === 6 });
  try {
    const bound = once(socket, "listening", { signal });
    if (attempt.localAddress === undefined) socket.bind(0);
    else socket.bind(0, attempt.localAddress);
    await bound;
    const connected = once(socket, "connect", { signal });
    socket.connect(port, attempt.address);
    await connected;
    return socket;
  } catch (error) {
    socket.on("error", () => {});
    socket.close();
    throw error;
  }
}

// Errors of one datagram and not of the flow: too long for the path, or no room to queue it.
const LOST: ReadonlySet<string> = new Set(["EMSGSIZE", "ENOBUFS", "EAGAIN", "ENOMEM"]);

class ConnectedUdpFlow implements CountedUdpFlow {
  readonly address: string;
  readonly fromPort: number;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #what: string;
  readonly #idleTimeoutMs: number;
  readonly closed: Promise<BywayError | undefined>;
  onDatagram: ((payload: Uint8Array) => void) | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  #lastMs: number;
  #timer: Timer;
  #over = false;
  #error: BywayError | undefined;

  constructor(
    clock: Clock,
    socket: Socket,
    address: string,
    what: string,
    idleTimeoutMs = EGRESS_LIMITS.udpIdleMs.value,
  ) {
    this.address = address;
    this.fromPort = socket.address().port;
    const target = socket.remoteAddress();
    this.#clock = clock;
    this.#socket = socket;
    this.#what = what;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#lastMs = clock.monotonicMs();
    this.#timer = clock.after(idleTimeoutMs, () => this.#onIdle());
    this.closed = new Promise((resolve) => socket.once("close", () => resolve(this.#error)));
    socket.on("message", (payload, from) => {
      // What came between bind and connect waits in the socket, whoever sent it.
      if (from.port !== target.port || from.address !== target.address) return;
      this.#lastMs = this.#clock.monotonicMs();
      this.bytesRead += payload.length;
      if (!this.#over) this.onDatagram?.(payload);
    });
    // An ICMP error makes the socket unusable as RFC 9298 §3.1 has it: this flow ends, the others have sockets of their own.
    socket.on("error", (error) => this.#end(socketError(error, what)));
  }

  send(payload: Uint8Array): boolean {
    if (this.#over || this.#isFull()) return false;
    this.#lastMs = this.#clock.monotonicMs();
    this.bytesWritten += payload.length;
    this.#socket.send(payload, (error) => {
      if (error !== null && !LOST.has(systemCode(error))) this.#end(socketError(error, this.#what));
    });
    return true;
  }

  /** Whether the kernel takes so little that no more may wait. */
  #isFull(): boolean {
    const { maxUdpQueueBytes, maxUdpQueued } = EGRESS_LIMITS;
    const socket = this.#socket;
    return socket.getSendQueueSize() > maxUdpQueueBytes.value || socket.getSendQueueCount() >= maxUdpQueued.value;
  }

  close(): void {
    this.#end(undefined);
  }

  #onIdle(): void {
    const leftMs = this.#lastMs + this.#idleTimeoutMs - this.#clock.monotonicMs();
    // One timer that looks back costs less than one that every datagram winds up again.
    if (leftMs > 0) this.#timer = this.#clock.after(leftMs, () => this.#onIdle());
    else this.#end(undefined);
  }

  #end(error: BywayError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    this.#timer.cancel();
    this.#socket.close();
  }
}
