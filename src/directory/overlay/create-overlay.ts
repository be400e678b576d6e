import type { LookupFunction } from "node:net";
import type { Clock } from "../../core/clock.ts";
import type { Identity } from "../../identity/identity.ts";
import type { Overlay, OverlayServices } from "../overlay.ts";
import type { EncryptionFactory, TransportFactory } from "./libp2p-host.ts";

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
  readonly announce?: readonly string[];
  /** Memory multiaddrs to listen at, for simulations with a memory transport in `transports`. */
  readonly listen?: readonly string[];
  /** Ways to reach peers beside TCP. */
  readonly transports?: readonly TransportFactory[];
  /** In place of Noise, and never on a network: in simulations most of the time would go into key agreements. */
  readonly encryption?: { readonly protocol: string; readonly make: EncryptionFactory };
}

/** Makes an overlay over libp2p, which is loaded here and not before: it takes a third of a second and 50 MB. */
export async function createOverlay(components: OverlayComponents, options: OverlayOptions): Promise<Overlay> {
  const { Libp2pOverlay } = await import("./libp2p-overlay.ts");
  return new Libp2pOverlay(components, options);
}
