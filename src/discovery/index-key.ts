import { createHash } from "node:crypto";
import { DISCOVERY_LIMITS } from "./limits.ts";

/** The country of nodes that name none: ISO 3166-1 leaves `zz` to its users. */
export const NO_COUNTRY = "zz";

/** The DHT key of one shard of a country's index: SHA-256 of `byway/index/1/<country>/<prefix>`; "" is the root. */
export function indexKey(country: string, prefix: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(`byway/index/1/${country}/${prefix}`).digest());
}

/** The way of a peer down every index: the first bits of the SHA-256 of its peer id's text, as `0` and `1`. */
export function indexPath(peer: string): string {
  const digest = createHash("sha256").update(peer).digest();
  return [...digest.subarray(0, Math.ceil(DISCOVERY_LIMITS.indexDepth.value / 8))]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, DISCOVERY_LIMITS.indexDepth.value);
}
