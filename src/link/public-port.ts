import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import type { HostPort } from "../core/network-address.ts";
import { normaliseHost } from "../wire/authority.ts";
import { type PortProtocol, protocolOfFirstByte } from "../wire/first-byte.ts";
import { LINK_LIMITS } from "./limits.ts";
import { LinkPlaces, type PlaceBounds } from "./link-places.ts";

/** Takes a connection that begins a conversation of libp2p; owns it. All bytes that came are still in it to be read. */
export type AcceptOverlay = (socket: Socket, remote: HostPort) => void;

/** Who takes what comes to the port. Each owns what it is given, and finds in it every byte that came. */
export interface PortTakers {
  readonly link: (raw: Duplex) => void;
  /** Absent where this node has no part in the overlay: such connections are closed. */
  readonly overlay?: AcceptOverlay | undefined;
  readonly notice: (socket: Socket) => void;
}

const FOR_UNSPOKEN: PlaceBounds = {
  most: LINK_LIMITS.unspokenConnections.value,
  mostPerCrowd: LINK_LIMITS.unspokenPerAddress.value,
};

/**
 * The one port of a node: tells links, libp2p and HTTP apart by their first byte and hands each to whom it is for
 * (docs/protocol.md §2.6). What begins otherwise, or not in time, is closed.
 */
export class PublicPort {
  readonly #clock: Clock;
  readonly #takers: PortTakers;
  readonly #places: LinkPlaces;
  readonly #unspoken = new Set<Duplex>();
  #stopped = false;

  /** `bounds` is for connections whose first byte has not come. */
  constructor(components: { clock: Clock }, takers: PortTakers, bounds: PlaceBounds = FOR_UNSPOKEN) {
    this.#clock = components.clock;
    this.#takers = takers;
    this.#places = new LinkPlaces(bounds);
  }

  /** Connections whose first byte has not come. */
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
    this.#unspoken.add(raw);
    const close = (): void => void raw.destroy();
    const limit = this.#clock.after(LINK_LIMITS.handshakeMs.value, close);
    let release: (() => void) | undefined;
    const spoken = (): void => {
      this.#unspoken.delete(raw);
      limit.cancel();
      release?.();
      raw.off("end", close).off("close", spoken).off("readable", look);
    };
    // "readable" and not "data": the connection must reach its taker unpaused, with all that came still in it.
    const look = (): void => {
      const first: Buffer | null = raw.read();
      if (first === null) return;
      spoken();
      raw.unshift(first);
      this.#pass(raw, protocolOfFirstByte(first[0]));
    };
    raw.once("close", spoken).once("end", close).on("readable", look);
    // The first bytes of an honest burst are there already and come with the next turn; only what stays silent counts.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#unspoken.has(raw)) return;
        release = this.#places.take((raw as Partial<Socket>).remoteAddress ?? "");
        if (release === undefined) close();
      }),
    );
  }

  /** Ends the connections whose first byte has not come, and takes no more. Settles when they are gone. Idempotent. */
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

/** The far end, an IPv4 address as such though the socket is of IPv6; undefined when it is gone. */
function remoteOf({ remoteAddress, remotePort }: Socket): HostPort | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: plainAddress(remoteAddress), port: remotePort };
}

/** A socket's address in the one spelling, without zone, and as IPv4 where it stands inside IPv6. */
export function plainAddress(address: string): string {
  return normaliseHost(address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, ""));
}
