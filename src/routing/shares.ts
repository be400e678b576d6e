/** What a draw reads of one node. */
export interface Drawable {
  /** 0 to 1. */
  readonly score: number;
  /** Mbit/s that count, above 0. */
  readonly mbps: number;
  /** How many of those in the draw share one allotment with it, itself among them. */
  readonly crowd: number;
}

/** No node gets more than so many times its share of the capacity in the draw. */
const MOST_OF_CAPACITY = 2;

/**
 * The chance of each node in a draw; they add up to 1. A node counts with `score × mbps / crowd`, and gets at most twice
 * its share of the capacity, `mbps / crowd`; what is above that goes to the others.
 */
export function shares(nodes: readonly Drawable[]): readonly number[] {
  const capacities = nodes.map(({ mbps, crowd }) => mbps / crowd);
  const capacity = sum(capacities);
  const caps = capacities.map((own) => (MOST_OF_CAPACITY * own) / capacity);
  const weights = nodes.map(({ score }, at) => Math.max(0, score) * (capacities[at] ?? 0));
  if (!(sum(weights) > 0)) return capacities.map((own) => own / capacity);
  const result = nodes.map(() => 0);
  let open = nodes.map((_, at) => at);
  let left = 1;
  while (open.length > 0) {
    const weight = sum(open.map((at) => weights[at] ?? 0));
    // Those that are left score nothing: they share by capacity.
    const ofLeft = (at: number): number =>
      weight > 0 ? ((weights[at] ?? 0) / weight) * left : ((caps[at] ?? 0) / sum(open.map((o) => caps[o] ?? 0))) * left;
    const over = open.filter((at) => ofLeft(at) > (caps[at] ?? 0));
    if (over.length === 0) {
      for (const at of open) result[at] = ofLeft(at);
      break;
    }
    for (const at of over) {
      result[at] = caps[at] ?? 0;
      left -= caps[at] ?? 0;
    }
    open = open.filter((at) => !over.includes(at));
  }
  return result;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
