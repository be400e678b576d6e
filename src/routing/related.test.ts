import assert from "node:assert/strict";
import { test } from "node:test";
import { node } from "../../test/support/candidates.ts";
import type { Candidate } from "./candidate.ts";
import { related } from "./related.ts";

test("a node is related to itself, to its network, its AS and its family, whoever of the two says so", () => {
  const apart = (peerId: string): Candidate => {
    const { network: _, ...rest } = node(peerId);
    return rest;
  };
  assert.ok(related(apart("a"), apart("a")));
  assert.ok(!related(apart("a"), apart("b")));
  assert.ok(related(node("a", { network: "n" }), node("b", { network: "n" })));
  assert.ok(related(node("a", { provenAsn: 1 }), node("b", { provenAsn: 1 })));
  assert.ok(!related(node("a", { provenAsn: 1 }), node("b", { provenAsn: 2 })));
  assert.ok(related(node("a", { family: ["b"] }), node("b")));
  assert.ok(related(node("a"), node("b", { family: ["a"] })));
  assert.ok(related(node("a", { family: ["c"] }), node("b", { family: ["c"] })));
  assert.ok(!related(node("a", { family: ["c"] }), node("b", { family: ["d"] })));
});
