import { HASHES_PER_ROW } from "./candidate-columns.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { type Hash64, hash64, mix32 } from "./hash64.ts";
import { ROUTING_LIMITS } from "./limits.ts";

/**
 * The row that a seed decides on among those in `lists` that fit: weighted rendezvous hashing, so that all who
 * know the same nodes agree, and a node that goes moves only its own seeds. Undefined where none fits.
 *
 * First a subnet is chosen, with the capacity of its strongest node as its weight, then a node of it: a crowd in one subnet
 * wins no more than one node would. The highest −w / ln(u) wins, u being the hash of seed and node in (0, 1) (Thaler and
 * Ravishankar 1998; weights as in Schindelhauer and Schomaker 2005). Weights are of advertised things alone.
 */
export function rendezvous(
  index: CandidateIndex,
  lists: readonly number[],
  fits: (row: number) => boolean,
  seed: string,
): number | undefined {
  const { hashes } = index.columns;
  const subnetSeed = hash64(`subnet ${seed}`);
  const subnet = highest(index, lists, fits, subnetSeed, SUBNET_HASH);
  if (subnet === undefined) return undefined;
  const at = (row: number): number => row * HASHES_PER_ROW + SUBNET_HASH;
  const isSame = (row: number): boolean =>
    hashes[at(row)] === hashes[at(subnet)] && hashes[at(row) + 1] === hashes[at(subnet) + 1];
  const isBeside = (row: number): boolean => isSame(row) && fits(row);
  return highest(index, lists, isBeside, hash64(`node ${seed}`), NODE_HASH);
}

const NODE_HASH = 0;
const SUBNET_HASH = 2;

/** The row with the highest key; the same whatever the order in which rows are visited. */
function highest(
  index: CandidateIndex,
  lists: readonly number[],
  fits: (row: number) => boolean,
  seed: Hash64,
  part: typeof NODE_HASH | typeof SUBNET_HASH,
): number | undefined {
  const { hashes } = index.columns;
  let best: number | undefined;
  let bestKey = 0;
  // Most rows cannot win whatever their weight, and that costs neither a logarithm nor a look at what they are.
  let least = 0;
  const consider = (row: number, u: number): void => {
    if (row === best || !fits(row)) return;
    const key = -index.columns.mbps(row) / Math.log(u);
    if (key < bestKey) return;
    if (key === bestKey && best !== undefined && index.at(row).peerId > index.at(best).peerId) return;
    best = row;
    bestKey = key;
    least = Math.floor(Math.exp(-ROUTING_LIMITS.countedMbps.value / key) * 2 ** 32) - 1;
  };
  for (const list of lists) {
    for (const row of index.lists.rowsOf(list)) {
      const at = row * HASHES_PER_ROW + part;
      const mixed = mix32((hashes[at + 1] ?? 0) ^ seed.low);
      const spread = mix32((((hashes[at] ?? 0) + mixed) | 0) ^ seed.high);
      if (spread >= least) consider(row, (spread + (mixed + 0.5) / 2 ** 32) / 2 ** 32);
    }
  }
  return best;
}
