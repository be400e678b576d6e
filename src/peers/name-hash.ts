/**
 * Fowler-Noll-Vo 1a, 32 bits, of a text in UTF-8. It need only scatter: whoever finds names that collide gains nothing, since
 * what is found by hashes is compared by name before it is used.
 */
export function nameHash(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
