import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { indexOf, node } from "../../test/support/candidates.ts";
import { mayComeFrom } from "../../test/support/chi-square.ts";
import type { Candidate } from "./candidate.ts";
import type { CandidateIndex } from "./candidate-index.ts";
import { rendezvous } from "./rendezvous.ts";

function winner(index: CandidateIndex, seed: string, fits: (row: number) => boolean = () => true): string | undefined {
  const list = index.lists.find("exit/");
  const row = rendezvous(index, list === undefined ? [] : [list], fits, seed);
  return row === undefined ? undefined : index.at(row).peerId;
}

const node6 = (at: number): Candidate => node(`n${at}`, { subnet: `s${at}`, capacityMbps: 1 + ((at * 37) % 150) });

test("all who know the same nodes agree, in whatever order they came to know them", () => {
  const nodes = Array.from({ length: 40 }, (_, at) => node6(at));
  const [one, other] = [indexOf(nodes), indexOf(nodes.toReversed())];
  const winners = Array.from({ length: 300 }, (_, seed) => winner(one, `seed ${seed}`));
  assert.deepEqual(
    winners,
    Array.from({ length: 300 }, (_, seed) => winner(other, `seed ${seed}`)),
  );
  assert.ok(new Set(winners).size > 20);
  assert.equal(winner(indexOf([]), "seed"), undefined);
});

test("a node that goes moves its own seeds and no others", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 30 }),
      fc.nat(),
      fc.array(fc.string(), { maxLength: 40 }),
      (count, at, seeds) => {
        const index = indexOf(Array.from({ length: count }, (_, each) => node6(each)));
        const before = seeds.map((seed) => winner(index, seed));
        const gone = `n${at % count}`;
        assert.ok(!seeds.some((seed) => winner(index, seed, (row) => index.at(row).peerId !== gone) === gone));
        index.remove(gone);
        for (const [place, seed] of seeds.entries()) {
          if (before[place] !== gone) assert.equal(winner(index, seed), before[place]);
        }
      },
    ),
  );
});

test("each node wins seeds by its capacity, as far as that counts", () => {
  const capacities = [1, 10, 50, 100, 200, 5_000];
  const nodes = capacities.map((capacityMbps, at) => node(`n${at}`, { subnet: `s${at}`, capacityMbps }));
  const counted = [1, 10, 50, 100, 200, 200];
  const index = indexOf(nodes);
  const counts = capacities.map(() => 0);
  for (let seed = 0; seed < 50_000; seed += 1) {
    const at = Number(winner(index, `user${seed % 7} session${seed}`)?.slice(1));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  assert.ok(
    mayComeFrom(
      counts,
      counted.map((mbps) => mbps / 561),
    ),
    counts.join(),
  );
});

test("a crowd in one subnet wins what one node would", () => {
  const crowd = Array.from({ length: 39 }, (_, at) => node(`sybil${at}`, { subnet: "crowd" }));
  const honest = Array.from({ length: 3 }, (_, at) => node(`honest${at}`, { subnet: `s${at}` }));
  const index = indexOf([...crowd, ...honest]);
  let sybils = 0;
  const names = new Set<string | undefined>();
  for (let seed = 0; seed < 8_000; seed += 1) {
    const name = winner(index, String(seed));
    if (name?.startsWith("sybil") === true) sybils += 1;
    names.add(name);
  }
  assert.ok(mayComeFrom([sybils, 8_000 - sybils], [0.25, 0.75]), String(sybils));
  assert.equal(names.size, 42, "each of the crowd wins sometimes");
});
