import { shortBytes } from "./short-text.ts";

/** A number of bytes as one reads it: `999 B`, `1.2 kB`, `35 MB`; powers of 1,000, as lines are sold. */
export function byteText(bytes: number): string {
  return `${shortBytes(bytes)}B`.replace(/^([\d.]+)/, "$1 ");
}
