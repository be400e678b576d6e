import assert from "node:assert/strict";
import { test } from "node:test";
import { hopFailures } from "./hop-failures.ts";

function heard(answer?: boolean) {
  const told: string[] = [];
  const failures = hopFailures({
    peers: {
      doubt: async (peer, isFar) => {
        told.push(`check ${peer}${isFar ? " by way of others" : ""}`);
        return answer;
      },
    },
    experience: { noteFailure: (peer) => told.push(`trust ${peer}`) },
    guards: { noteFailure: (peer) => told.push(`guard ${peer}`) },
  });
  return { failures, told };
}

test("a hop that failed is checked and loses trust", () => {
  const { failures, told } = heard();
  failures.onHopFailed("a", true);
  assert.deepEqual(told.splice(0), ["check a", "trust a"]);
  failures.onHopFailed("b", false);
  assert.deepEqual(told, ["check b by way of others", "trust b"]);
});

test("a first hop that failed counts as failed among the guards", () => {
  const { failures, told } = heard();
  failures.onFirstHopFailed("a");
  assert.deepEqual(told, ["guard a"]);
});

test("a hop that another one accuses is checked, and loses nothing for that", async () => {
  for (const answer of [true, false, undefined]) {
    const { failures, told } = heard(answer);
    assert.equal(await failures.check("a", "accuser"), answer);
    assert.deepEqual(told, ["check a by way of others"]);
  }
});
