import { plainText } from "../core/plain-text.ts";
import { HOUR_MS, MINUTE_MS } from "../core/units.ts";

/** Enough of the end of a peer id to tell peers apart, and to name one to `byway peers show`. */
const ID_END = 6;

/** The end of a peer id: `…4f9k2a`. */
export function shortPeer(peerId: string): string {
  return `…${plainText(peerId).slice(-ID_END)}`;
}

/** What strangers wrote, without control characters and in at most `most` characters. */
export function shortText(text: string, most: number): string {
  const plain = plainText(text);
  return plain.length <= most ? plain : `${plain.slice(0, most - 1).toWellFormed()}…`;
}

const STEPS = ["", "k", "M", "G", "T"] as const;

/** A number of bytes in at most five characters: `999`, `1.2k`, `35M`; powers of 1,000. */
export function shortBytes(bytes: number): string {
  let rest = bytes;
  let step = 0;
  while (Math.round(rest) >= 1_000 && step < STEPS.length - 1) {
    rest /= 1_000;
    step += 1;
  }
  // 9.96 would become 10.0.
  const text = step > 0 && rest < 9.95 ? rest.toFixed(1) : String(Math.round(rest));
  return `${text}${STEPS[step] ?? ""}`;
}

/** A time in ms as one reads it: `12 ms`, `1.5 s`, `3 min`. */
export function shortMs(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 119_500) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 7_199_500 ? `${Math.round(ms / MINUTE_MS)} min` : `${Math.round(ms / HOUR_MS)} h`;
}

/** A number of bytes as one reads it: `999 B`, `1.2 kB`, `35 MB`; powers of 1,000, as lines are sold. */
export function byteText(bytes: number): string {
  return `${shortBytes(bytes)}B`.replace(/^([\d.]+)/, "$1 ");
}
