import type { LookupFunction } from "node:net";
import type { Libp2pOptions } from "libp2p";
import type { Clock } from "../core/clock.ts";
import type { Identity } from "../identity/identity.ts";
import type { OverlayServices } from "./overlay.ts";

/** Makes a way to reach peers beside TCP: a memory transport, for simulations. */
export type TransportFactory = NonNullable<Libp2pOptions["transports"]>[number];

/** Makes what encrypts connections, or for simulations does not. */
export type EncryptionFactory = NonNullable<Libp2pOptions["connectionEncrypters"]>[number];

/** What an overlay is made from. */
export interface OverlayComponents {
  readonly identity: Identity;
  /** For our own time limits and allowances; libp2p's own timers run on the machine's clock. */
  readonly clock: Clock;
  readonly services: OverlayServices;
  /** Looks up the names of bootstrap addresses; the system's by default. */
  readonly lookup?: LookupFunction;
}

/** What is plain about an overlay. */
export interface OverlayOptions {
  /** A client asks and hears; a server answers, keeps records and is dialled. */
  readonly mode: "client" | "server";
  /** The network's name: `byway` is the public one (protocol-names.ts). */
  readonly network: string;
  /** Private addresses may be dialled, and many peers may share one. */
  readonly localNetwork: boolean;
  /** Multiaddrs at which others reach this peer; nothing else is told of it. */
  readonly announce?: readonly string[] | undefined;
  /** Memory multiaddrs to listen at, for simulations with a memory transport in `transports`. */
  readonly listen?: readonly string[] | undefined;
  /** Ways to reach peers beside TCP. */
  readonly transports?: readonly TransportFactory[] | undefined;
  /** In place of Noise, and never on a network: in simulations most of the time would go into key agreements. */
  readonly encryption?: { readonly protocol: string; readonly make: EncryptionFactory } | undefined;
}
