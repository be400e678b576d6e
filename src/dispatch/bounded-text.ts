import { DISPATCH_LIMITS } from "./limits.ts";

/** `text`, cut to `most` characters with an ellipsis for its last one; what is cut off is not kept in memory. */
export function boundedText(text: string, most: number = DISPATCH_LIMITS.loggedTextCharacters.value): string {
  if (text.length <= most) return text;
  // A slice would hold on to the whole: the bytes are copied, and half a surrogate pair becomes U+FFFD.
  return Buffer.from(`${text.slice(0, most - 1)}…`).toString();
}
