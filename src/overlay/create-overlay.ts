import type { Overlay } from "./overlay.ts";
import type { OverlayComponents, OverlayOptions } from "./overlay-options.ts";

/** Makes an overlay over libp2p, which is loaded here and not before: it takes a third of a second and 50 MB. */
export async function createOverlay(components: OverlayComponents, options: OverlayOptions): Promise<Overlay> {
  const { Libp2pOverlay } = await import("./libp2p-overlay.ts");
  return new Libp2pOverlay(components, options);
}
