import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";
import { FakeClock } from "./fake-clock.ts";
import { CORE_LIMITS } from "./limits.ts";
import { tuneGarbageCollection } from "./tune-garbage-collection.ts";

const run = promisify(execFile);

// What the flags are good for is a matter of time and load: docs/performance.md has it.
test("this runtime knows the flags, which V8 may drop in any version", async () => {
  const { stdout } = await run(execPath, ["--v8-options"], { maxBuffer: 8 * 1024 * 1024 });
  for (const flag of ["--external-memory-accounted-in-global-limit", "--heap-growing-percent", "--max-semi-space-size"])
    assert.ok(stdout.includes(flag), flag);
});

test("it looks at the heap from time to time until it is told to stop", () => {
  const clock = new FakeClock();
  const tuning = tuneGarbageCollection(clock);
  clock.advance(3 * CORE_LIMITS.heapLookMs.value);
  assert.equal(clock.pending, 1);
  tuning.cancel();
  assert.equal(clock.pending, 0);
});
