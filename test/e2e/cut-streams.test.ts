import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { endProcessesInMidStream } from "../support/cut-rounds.ts";

const skip = existsSync("/proc/self/fd") ? false : "this system has no /proc";

test("whatever process ends in mid-stream, no app and no target takes a part for the whole", {
  skip,
  timeout: 100_000,
}, async (t) => {
  // Six streams each time; both ends of six, the apps' alone of two.
  assert.equal(await endProcessesInMidStream(t), 6 * (2 * 6 + 2));
});
