import assert from "node:assert/strict";
import { test } from "node:test";
import { endProcessesInMidStream, stopProcessesInMidStream } from "../support/cut-rounds.ts";

const ROUNDS = 20;
const timeout = 240_000;

for (let round = 1; round <= ROUNDS; round += 1) {
  test(`processes end in mid-stream, round ${round}: nobody takes a part for the whole`, { timeout }, async (t) => {
    t.diagnostic(`${await endProcessesInMidStream(t)} ends seen`);
  });
}

for (let round = 1; round <= ROUNDS; round += 1) {
  test(`processes fall silent in mid-stream, round ${round}: nobody takes a part for the whole`, {
    timeout,
  }, async (t) => {
    const seen = await stopProcessesInMidStream(t);
    assert.ok(seen > 0);
    t.diagnostic(`${seen} ends seen`);
  });
}
