/** Two numbers of 32 bits that decide how names are hashed, so that no list's author can make them collide. */
export type HashSeed = readonly [number, number];

/** The hash of a name's end, one character further to the left. It starts as the first number of the seed. */
export function mixCharacter(hash: number, code: number): number {
  const mixed = Math.imul(hash ^ code, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** What a hash is looked up by: all bits depend on all characters and on both numbers of the seed (MurmurHash3's last step). */
export function finishHash(hash: number, seed: HashSeed): number {
  let mixed = hash ^ seed[1];
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The eight bits that a slot is marked with: the top ones, never 0, which marks an empty slot. */
export function hashTag(hash: number): number {
  return hash >>> 24 || 1;
}
