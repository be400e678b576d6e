/** The items of several lists, one of each list in turn, without those whose key came before. */
export function roundRobin<T>(lists: readonly (readonly T[])[], key: (item: T) => string): readonly T[] {
  const found = new Map<string, T>();
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let at = 0; at < longest; at += 1) {
    for (const list of lists) {
      const item = list[at];
      if (item !== undefined && !found.has(key(item))) found.set(key(item), item);
    }
  }
  return [...found.values()];
}
