import assert from "node:assert/strict";
import { test } from "node:test";
import { node } from "../../test/support/candidates.ts";
import { bestOf, crowdSizes } from "./allotments.ts";
import type { Candidate } from "./candidate.ts";

const id = (letter: string): string => `k51${letter.repeat(50)}`;

function best(ranked: readonly Candidate[], count: number): string {
  return bestOf(
    ranked,
    (one) => one,
    count,
    () => true,
  )
    .map(({ peerId }) => peerId)
    .join("");
}

const row = (fields: (letter: string) => Partial<Candidate>): Candidate[] =>
  "abcdef".split("").map((letter) => node(letter, fields(letter)));

test("the best are taken in order, but of each crowd only so many while others are left", () => {
  const others = [node("x"), node("y"), node("z")];
  const ranked = (fields: Partial<Candidate>): Candidate[] => [...row(() => fields), ...others];
  assert.equal(best(ranked({}), 5), "abcde");
  assert.equal(best(ranked({ subnet: "1.2.3" }), 5), "abxyz");
  assert.equal(best(ranked({ subnet: "1.2.3" }), 7), "abxyzcd", "the rest fills up");
  assert.equal(best(ranked({ provenAsn: 1 }), 7), "abcdxyz");
  assert.equal(best(ranked({ asn: 1 }), 7), "abcdefx", "an AS that is only claimed makes no crowd");
  assert.equal(best(ranked({ family: ["f"] }), 7), "abcdxyz");
});

test("family by peer id counts where both say so", () => {
  const [a, b, c] = [id("a"), id("b"), id("c")];
  const mutual = [node(a, { family: [b, c] }), node(b, { family: [a, c] }), node(c, { family: [a, b] }), node("x")];
  assert.equal(best(mutual, 3), `${a}${b}x`);
  assert.deepEqual(crowdSizes(mutual), [3, 3, 3, 1]);
  const oneSided = [node(a, { family: [c] }), node(b, { family: [c] }), node(c, { family: [id("z")] }), node("x")];
  assert.equal(best(oneSided, 3), `${a}${b}${c}`);
  assert.deepEqual(crowdSizes(oneSided), [1, 1, 1, 1]);
});

test("a crowd is the largest that a node is in", () => {
  const nodes = [
    node("a", { subnet: "s", provenAsn: 1 }),
    node("b", { subnet: "s", provenAsn: 2, family: ["f"] }),
    node("c", { subnet: "t", provenAsn: 2, family: ["f", "f"] }),
    node("d", { subnet: "u", provenAsn: 2 }),
  ];
  assert.deepEqual(crowdSizes(nodes), [2, 3, 3, 3]);
});

test("whoever is not wanted takes nobody's place", () => {
  const ranked = row(() => ({ subnet: "s" }));
  const wanted = bestOf(
    ranked,
    (one) => one,
    2,
    ({ peerId }) => peerId > "c",
  );
  assert.deepEqual(
    wanted.map(({ peerId }) => peerId),
    ["d", "e"],
  );
});
