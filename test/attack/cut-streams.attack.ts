import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { endProcessesInMidStream, stopProcessesInMidStream } from "../support/cut-rounds.ts";

/*
 * Processes that end, and processes that fall silent, in the midst of downloads and uploads: neither an app nor a target may
 * take a part for the whole.
 */
const ROUNDS = 20;
/** Silent rounds side by side: each waits a minute and a half for pings, with six processes of 110 MB. */
const SILENT_AT_ONCE = 5;
const timeout = 240_000;

for (let round = 1; round <= ROUNDS; round += 1) {
  test(`processes end in mid-stream, round ${round}: nobody takes a part for the whole`, { timeout }, async (t) => {
    t.diagnostic(`${await endProcessesInMidStream(t)} ends seen`);
  });
}

suite("processes fall silent in mid-stream: nobody takes a part for the whole", { concurrency: SILENT_AT_ONCE }, () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    test(`round ${round}`, { timeout }, async (t) => {
      const seen = await stopProcessesInMidStream(t);
      assert.ok(seen > 0);
      t.diagnostic(`${seen} ends seen`);
    });
  }
});
