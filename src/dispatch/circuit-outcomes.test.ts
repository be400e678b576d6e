import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { TRUST_LIMITS } from "../trust/limits.ts";
import { LostRaces, streamEnd } from "./circuit-outcomes.ts";
import { DISPATCH_LIMITS } from "./limits.ts";

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

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

function codeOf(errored: Error | null, ended: boolean): string | undefined {
  return streamEnd({ errored }, { ended })?.code;
}

test("a stream whose connection broke was lost with its circuit, or reset by its target", () => {
  assert.equal(codeOf(reset, true), "ERR_HOP_LOST");
  assert.equal(codeOf(reset, false), "ERR_TARGET_RESET");
});

test("a stream that ended well has no error, and one of Byway's own stays what it is", () => {
  assert.equal(codeOf(null, false), undefined);
  assert.equal(codeOf(new BywayError("ERR_ABORTED", "the app hung up"), false), "ERR_ABORTED");
  assert.equal(codeOf(new TypeError("a fault of ours"), false), "ERR_INTERNAL");
});
