import { networkPrefix } from "../geo/network-prefix.ts";
import type { OverlayProvider } from "./overlay.ts";

/** The /16 or /32 of a provider's first IP address; undefined for one without any. */
export function providerNetwork({ addresses }: OverlayProvider): string | undefined {
  for (const address of addresses) {
    const [, , host = ""] = address.split("/");
    const network = networkPrefix(host);
    if (network !== undefined) return network;
  }
  return undefined;
}
