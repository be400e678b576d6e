/**
 * Keeps a map or set that grows by one at a time within `most`: removes the key that was added first, if there are more. To be
 * called after each addition. It looks at the front only then, since that passes over all that was deleted from there.
 */
export function forgetOldest<Key>(
  held: { readonly size: number; keys(): Iterator<Key>; delete(key: Key): boolean },
  most: number,
): void {
  if (held.size <= most) return;
  const oldest = held.keys().next();
  if (oldest.done !== true) held.delete(oldest.value);
}
