import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { unmapped } from "../core/mapped-ipv4.ts";
import type { HostPort } from "../core/network-address.ts";
import { abortStream } from "../flow/abort-stream.ts";
import type { RefusalCounts } from "../rate/refusal-counts.ts";
import { Semaphore } from "../rate/semaphore.ts";
import { normaliseHost } from "../wire/authority.ts";
import { type PortProtocol, protocolOfFirstByte } from "../wire/first-byte.ts";
import { addressCrowd } from "./address-crowd.ts";
import { ConnectionGate } from "./connection-gate.ts";
import { LINK_LIMITS } from "./limits.ts";

/** Takes a connection that begins a conversation of libp2p; owns it. All bytes that came are still in it to be read. */
export type AcceptOverlay = (socket: Socket, remote: HostPort) => void;

/** Who takes what comes to the port. Each owns what it is given, and finds in it every byte that came. */
export interface PortTakers {
  readonly link: (raw: Duplex) => void;
  /** Absent where this node has no part in the overlay: such connections are closed. */
  readonly overlay?: AcceptOverlay | undefined;
  readonly notice: (socket: Socket) => void;
}

/** How many connections may wait for their first bytes. */
export interface UnspokenBounds {
  readonly most: number;
  /** For the addresses of one crowd together. */
  readonly mostPerCrowd: number;
}

/** What a port is made of. */
export interface PortComponents {
  readonly clock: Clock;
  readonly refusals?: RefusalCounts | undefined;
  /** Holds back floods; one of its own when absent. */
  readonly gate?: Pick<ConnectionGate, "admit"> | undefined;
}

const FOR_UNSPOKEN: UnspokenBounds = {
  most: LINK_LIMITS.unspokenConnections.value,
  mostPerCrowd: LINK_LIMITS.unspokenPerAddress.value,
};

/**
 * The one port of a node: tells links, libp2p and HTTP apart by their first byte and hands each to whom it is for
 * (docs/protocol.md §2.6). What begins otherwise, or not in time, is closed. Of a link the whole first TLS record is
 * awaited here, where a slow one holds a socket and no more. Connections that come too fast are reset, unread.
 */
export class PublicPort {
  readonly #clock: Clock;
  readonly #refusals: RefusalCounts | undefined;
  readonly #gate: Pick<ConnectionGate, "admit">;
  readonly #takers: PortTakers;
  readonly #places: Semaphore;
  readonly #unspoken = new Set<Duplex>();
  #stopped = false;

  /** `bounds` is for connections whose first bytes have not come. */
  constructor(components: PortComponents, takers: PortTakers, bounds: UnspokenBounds = FOR_UNSPOKEN) {
    this.#clock = components.clock;
    this.#refusals = components.refusals;
    this.#gate = components.gate ?? new ConnectionGate(components);
    this.#takers = takers;
    this.#places = new Semaphore({ most: bounds.most, mostPerKey: bounds.mostPerCrowd });
  }

  /** Connections whose first bytes have not come. */
  get unspoken(): number {
    return this.#unspoken.size;
  }

  /** Takes one connection that nobody has read from; owns it from here on. */
  accept(raw: Duplex): void {
    raw.on("error", () => {});
    if (this.#stopped) {
      raw.destroy();
      return;
    }
    const remoteAddress = (raw as Partial<Socket>).remoteAddress ?? "";
    if (!this.#gate.admit(remoteAddress)) {
      abortStream(raw);
      return;
    }
    this.#unspoken.add(raw);
    const close = (): void => void raw.destroy();
    const refuse = (): void => {
      this.#refusals?.count("silent connections");
      abortStream(raw);
    };
    const limit = this.#clock.after(LINK_LIMITS.firstBytesMs.value, close);
    let head: Buffer = Buffer.alloc(0);
    let release: (() => void) | undefined;
    const spoken = (): void => {
      this.#unspoken.delete(raw);
      limit.cancel();
      release?.();
      raw.off("end", close).off("close", spoken).off("readable", look);
    };
    // "readable" and not "data": the connection must reach its taker unpaused, with all that came still in it.
    const look = (): void => {
      const chunk: Buffer | null = raw.read();
      if (chunk === null) return;
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const protocol = protocolOfFirstByte(head[0]);
      if (protocol === "tls" && head.length < firstRecordBytes(head)) return;
      spoken();
      raw.unshift(head);
      this.#pass(raw, protocol);
    };
    raw.once("close", spoken).once("end", close).on("readable", look);
    // The first bytes of an honest burst are there already and come with the next turn; only what stays silent counts.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#unspoken.has(raw)) return;
        release = this.#places.tryAcquire(addressCrowd(remoteAddress), refuse);
        if (release === undefined) refuse();
      }),
    );
  }

  /** Ends the connections whose first bytes have not come, and takes no more. Settles when they are gone. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const waiting = [...this.#unspoken];
    const gone = waiting.map((raw) => new Promise<void>((resolve) => raw.once("close", () => resolve())));
    for (const raw of waiting) raw.destroy();
    await Promise.all(gone);
  }

  #pass(raw: Duplex, protocol: PortProtocol | undefined): void {
    if (protocol === "tls") {
      this.#takers.link(raw);
      return;
    }
    const remote = raw instanceof Socket ? remoteOf(raw) : undefined;
    if (!(raw instanceof Socket) || remote === undefined || protocol === undefined) raw.destroy();
    else if (protocol === "http") this.#takers.notice(raw);
    else if (this.#takers.overlay === undefined) raw.destroy();
    else this.#takers.overlay(raw, remote);
  }
}

const RECORD_HEAD_BYTES = 5;

/** How many bytes the first TLS record has with its head (RFC 8446 §5.1), as far as `head` tells; 0 for none that may be. */
function firstRecordBytes(head: Buffer): number {
  if (head.length < RECORD_HEAD_BYTES) return RECORD_HEAD_BYTES;
  const bytes = head.readUInt16BE(3);
  return bytes > LINK_LIMITS.helloBytes.value ? 0 : RECORD_HEAD_BYTES + bytes;
}

/** The far end, an IPv4 address as such though the socket is of IPv6; undefined when it is gone. */
function remoteOf({ remoteAddress, remotePort }: Socket): HostPort | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: plainAddress(remoteAddress), port: remotePort };
}

/** A socket's address in the one spelling, without zone, and as IPv4 where it stands inside IPv6. */
export function plainAddress(address: string): string {
  return normaliseHost(unmapped(address).replace(/%.*$/, ""));
}
