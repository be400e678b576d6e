import assert from "node:assert/strict";
import { test } from "node:test";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { DISPATCH_LIMITS } from "./limits.ts";
import { LostRaces } from "./lost-races.ts";

const MOST = DISPATCH_LIMITS.racesLost.value;

test("races count as long as no answer comes between them, and anew when they were enough", () => {
  const races = new LostRaces();
  const lose = (times: number): readonly boolean[] => Array.from({ length: times }, () => races.note("a"));
  assert.ok(!lose(MOST - 1).includes(true));
  races.noteAnswer("a");
  assert.ok(!lose(MOST - 1).includes(true));
  assert.equal(races.note("a"), true);
  assert.equal(races.note("a"), false);
});

test("no more exits are remembered than failures are", () => {
  const races = new LostRaces();
  for (let n = 0; n < 2 * TRUST_LIMITS.failures.value; n += 1) races.note(`exit ${n}`);
  assert.equal(races.size, TRUST_LIMITS.failures.value);
});
