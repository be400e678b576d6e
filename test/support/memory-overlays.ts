import type { MessageStream, PeerId, SecuredConnection } from "@libp2p/interface";
import { memory } from "@libp2p/memory";
import { systemClock } from "../../src/core/clock.ts";
import { generateIdentity, type Identity } from "../../src/identity/identity.ts";
import { createOverlay } from "../../src/overlay/create-overlay.ts";
import { toLibp2p } from "../../src/overlay/libp2p-identity.ts";
import type { Overlay } from "../../src/overlay/overlay.ts";
import type { OverlayOptions } from "../../src/overlay/overlay-options.ts";
import { testServices } from "./overlays.ts";

/** An overlay that is reached within this process only. */
export interface MemoryPeer {
  readonly identity: Identity;
  readonly overlay: Overlay;
  /** Whole multiaddr. */
  readonly address: string;
}

/** Believes what the memory address says of who is there, and encrypts nothing. */
const noEncryption: NonNullable<OverlayOptions["encryption"]> = {
  protocol: "/plaintext/2.0.0",
  make: (components) => {
    const secure = async <T extends MessageStream>(
      connection: T,
      options?: { remotePeer?: PeerId },
    ): Promise<SecuredConnection & { connection: T }> => {
      // Only now: libp2p makes the upgrader after this.
      const [streamMuxer] = components.upgrader.getStreamMuxers().values();
      if (options?.remotePeer === undefined || streamMuxer === undefined) throw new Error("nobody is named");
      return { connection, remotePeer: options.remotePeer, streamMuxer };
    };
    return { protocol: "/plaintext/2.0.0", secureInbound: secure, secureOutbound: secure };
  },
};

/** Starts an overlay on the memory transport: hundreds fit in one process. `name` must be its own within the process. */
export async function startMemoryPeer(name: string, options: Partial<OverlayOptions> = {}): Promise<MemoryPeer> {
  const identity = generateIdentity();
  const where = `/memory/${name}`;
  const overlay = await createOverlay(
    { identity, clock: systemClock, services: testServices },
    {
      mode: "server",
      network: "byway",
      localNetwork: true,
      listen: [where],
      announce: [where],
      transports: [memory()],
      encryption: noEncryption,
      ...options,
    },
  );
  await overlay.start();
  return { identity, overlay, address: `${where}/p2p/${toLibp2p(identity.peerId)}` };
}
