import assert from "node:assert/strict";
import { test } from "node:test";
import { indexOf, node } from "../../test/support/candidates.ts";
import { seededRandom } from "../core/random.ts";
import { drawGuard } from "./draw-guard.ts";

const INDEX = indexOf([
  node("exit", { roles: ["exit"] }),
  node("full", { roles: ["relay"], load: 1 }),
  node("a", { roles: ["relay"], network: "n", country: "de" }),
  node("b", { roles: ["relay"], network: "n", country: "us" }),
  node("c", { roles: ["relay"], provenAsn: 1, country: "de" }),
  node("d", { roles: ["relay"], provenAsn: 1, country: "nl" }),
]);

function drawn(except: readonly string[], taken: readonly string[]): string {
  const guards = new Set<string | undefined>();
  const chosen = taken.flatMap((peerId) => INDEX.get(peerId) ?? []);
  for (let seed = 0; seed < 60; seed += 1)
    guards.add(drawGuard(INDEX, seededRandom(seed), { except: new Set(except), taken: chosen }));
  return [...guards].map(String).sort().join(" ");
}

test("a guard is a relay with room, not related to those taken, of another country if there is one", () => {
  assert.equal(drawn([], []), "a b c d");
  assert.equal(drawn(["a"], []), "b c d");
  assert.equal(drawn([], ["a"]), "d");
  assert.equal(drawn(["d"], ["a"]), "c");
  assert.equal(drawn(["c", "d"], ["a"]), "undefined");
});
