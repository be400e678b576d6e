import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../core/random.ts";
import { estimateNetworkSize } from "./network-size.ts";

function closest(own: Uint8Array, ids: readonly Uint8Array[]): readonly Uint8Array[] {
  const xor = (id: Uint8Array): Buffer => Buffer.from(id.map((byte, at) => byte ^ (own[at] ?? 0)));
  return ids.toSorted((a, b) => Buffer.compare(xor(a), xor(b))).slice(0, 20);
}

test("the guess is within a third of the truth on average, from 100 peers to 2,000", () => {
  const random = seededRandom(7);
  for (const size of [100, 500, 2_000]) {
    const ids = Array.from({ length: size }, () => random.bytes(32));
    const guesses = ids.slice(0, 20).map((own) => {
      const others = closest(
        own,
        ids.filter((id) => id !== own),
      );
      return estimateNetworkSize(own, others, others.length) ?? 0;
    });
    const mean = guesses.reduce((sum, guess) => sum + guess, 0) / guesses.length;
    assert.ok(mean > size * 0.67 && mean < size * 1.33, `${size}: ${mean}`);
  }
});

test("a few neighbours are all there are, and none says nothing", () => {
  const [own, other] = [new Uint8Array(32), new Uint8Array(32).fill(9)];
  assert.equal(estimateNetworkSize(own, [other], 1), 1);
  assert.equal(estimateNetworkSize(own, [], 0), undefined);
});
