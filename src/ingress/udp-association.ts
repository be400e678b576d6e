import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Timer } from "../core/clock.ts";
import { BywayError } from "../core/errors.ts";
import { withoutMapping } from "../core/mapped-ipv4.ts";
import { formatHostPort, type HostPort } from "../core/network-address.ts";
import type { Constraints } from "../routing/constraints.ts";
import { decodeSocks5Datagram, encodeSocks5Datagram, type Socks5Datagram } from "../wire/socks5-datagram.ts";
import { AssociationFlow, type PendingDatagrams } from "./association-flow.ts";
import type { FrontComponents } from "./front.ts";
import { INGRESS_LIMITS } from "./limits.ts";

/** What an association is for. */
export interface UdpAssociationOptions {
  /** The address of the proxy that the app reached; the association's socket is bound to it. */
  readonly address: string;
  /** The only address that may use the association. */
  readonly clientAddress: string;
  /** The only port that may, which the app announced; undefined lets all ports of the address (RFC 1928 §7). */
  readonly clientPort: number | undefined;
  readonly user: string;
  readonly constraints: Constraints;
}

/** One SOCKS5 UDP association (RFC 1928 §7): a local socket, and a flow for each target and port of the app. */
export class UdpAssociation {
  readonly closed: Promise<void>;
  readonly #components: FrontComponents;
  readonly #options: UdpAssociationOptions;
  readonly #socket: Socket;
  /** The least recently used first. */
  readonly #flows = new Map<string, AssociationFlow>();
  /** Flows that are on their way out. */
  readonly #ending = new Set<Promise<void>>();
  readonly #pending: PendingDatagrams = { bytes: 0 };
  readonly #sweep: Timer;
  #stopped = false;
  #carriedBytes = 0;

  constructor(components: FrontComponents, options: UdpAssociationOptions) {
    this.#components = components;
    this.#options = options;
    this.#socket = createSocket(isIPv6(options.address) ? "udp6" : "udp4");
    this.closed = new Promise((resolve) => this.#socket.once("close", resolve));
    const idleMs = INGRESS_LIMITS.flowIdleMs.value;
    this.#sweep = components.clock.every(idleMs / 4, () => this.#evictIdle(idleMs));
  }

  /** Payload that the app sent and was sent, lost datagrams too. */
  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  /** Binds the socket; resolves with where the app is to send its datagrams. */
  start(): Promise<HostPort> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void =>
        reject(new BywayError("ERR_LOCAL_LIMIT", "no UDP socket could be opened for the app", { cause }));
      socket.once("error", fail);
      socket.bind({ address: this.#options.address, port: 0, exclusive: true }, () => {
        socket.off("error", fail);
        socket.on("error", () => void this.stop());
        socket.on("message", (message, from) => this.#onMessage(message, from));
        const { address, port } = socket.address();
        resolve({ host: address, port });
      });
    });
  }

  /** Ends all flows and closes the socket. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      this.#sweep.cancel();
      for (const [key, flow] of this.#flows) this.#evict(key, flow);
      this.#socket.close();
    }
    await Promise.all(this.#ending);
    await this.closed;
  }

  #onMessage(message: Buffer, from: RemoteInfo): void {
    const { clientAddress, clientPort } = this.#options;
    if (from.address !== clientAddress || from.port !== (clientPort ?? from.port)) return;
    let datagram: Socks5Datagram;
    try {
      datagram = decodeSocks5Datagram(message);
    } catch {
      return;
    }
    // Fragments may be dropped by who does not put them together (RFC 1928 §7).
    if (datagram.fragment !== 0) return;
    this.#carriedBytes += datagram.payload.length;
    this.#flowTo(datagram.address, from.port).send(datagram.payload);
  }

  /** Each port of the app has flows of its own: some programs open a socket for each question, and wait there for its answer. */
  #flowTo(target: HostPort, appPort: number): AssociationFlow {
    const key = `${appPort} ${formatHostPort(target)}`;
    const known = this.#flows.get(key);
    if (known !== undefined) {
      this.#flows.delete(key);
      this.#flows.set(key, known);
      return known;
    }
    const [oldest] = this.#flows;
    if (oldest !== undefined && this.#flows.size >= INGRESS_LIMITS.maxFlowsPerAssociation.value) this.#evict(...oldest);
    const header = encodeSocks5Datagram(target, new Uint8Array(0));
    const { user, constraints } = this.#options;
    const request = { target: withoutMapping(target), user, constraints };
    const flow = new AssociationFlow(this.#components, request, this.#pending, (payload) =>
      this.#toApp(header, payload, appPort),
    );
    this.#flows.set(key, flow);
    const ending = flow.closed.then(() => {
      if (this.#flows.get(key) === flow) this.#flows.delete(key);
      this.#ending.delete(ending);
    });
    this.#ending.add(ending);
    return flow;
  }

  #toApp(header: Uint8Array, payload: Uint8Array, port: number): void {
    if (this.#stopped) return;
    const { maxSendQueueBytes, maxSendQueued } = INGRESS_LIMITS;
    if (this.#socket.getSendQueueSize() > maxSendQueueBytes.value) return;
    if (this.#socket.getSendQueueCount() >= maxSendQueued.value) return;
    this.#carriedBytes += payload.length;
    // An error here is the loss of a datagram, as UDP allows.
    this.#socket.send([header, payload], port, this.#options.clientAddress, () => {});
  }

  #evictIdle(idleMs: number): void {
    const oldestMs = this.#components.clock.monotonicMs() - idleMs;
    for (const [key, flow] of this.#flows) {
      if (flow.lastUsedMs <= oldestMs) this.#evict(key, flow);
    }
  }

  #evict(key: string, flow: AssociationFlow): void {
    this.#flows.delete(key);
    flow.close();
  }
}
