/** Fewer neighbours than a bucket holds are the whole network. */
const BUCKET = 20;

/**
 * How many other peers a DHT has, seen from one whose `closest` neighbours are given by their DHT ids.
 *
 * Ids are uniform, so the i-th closest of n peers is at i / (n + 1) of the id space on average. The line through the
 * origin that fits all distances d_i best (least squares) gives n + 1 = Σ i² / Σ i·d_i: the estimator of go-libp2p-kad-dht's
 * `netsize`, applied to the peer's own neighbourhood. Its error is about 1 / √20. Peers that made their ids so as to stand
 * close to us make it too high. Undefined without neighbours.
 */
export function estimateNetworkSize(
  own: Uint8Array,
  closest: readonly Uint8Array[],
  neighbours: number,
): number | undefined {
  if (neighbours === 0 || closest.length === 0) return undefined;
  if (neighbours < BUCKET) return neighbours;
  const distances = closest.map((id) => distance(own, id)).sort((a, b) => a - b);
  let squares = 0;
  let products = 0;
  for (const [index, far] of distances.entries()) {
    squares += (index + 1) ** 2;
    products += (index + 1) * far;
  }
  return Math.max(neighbours, Math.round(squares / products) - 1);
}

/** The XOR distance as a share of the id space; 48 bits tell peers apart. */
function distance(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < 6; at += 1) sum = sum * 256 + ((a[at] ?? 0) ^ (b[at] ?? 0));
  return sum / 2 ** 48;
}
