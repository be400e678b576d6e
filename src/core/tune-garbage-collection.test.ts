import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { execPath } from "node:process";
import { test } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const MODULE = new URL("./tune-garbage-collection.ts", import.meta.url).href;

/** Has a process of its own pass 2 GiB through short-lived buffers, a few of which are always held, and count full collections. */
async function fullCollections(tuned: boolean): Promise<number> {
  const program = `
    import { PerformanceObserver, constants } from "node:perf_hooks";
    import { FakeClock } from ${JSON.stringify(new URL("./fake-clock.ts", import.meta.url).href)};
    if (${tuned}) (await import(${JSON.stringify(MODULE)})).tuneGarbageCollection(new FakeClock());
    let full = 0;
    const observer = new PerformanceObserver((list) => {
      full += list.getEntries().filter(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR).length;
    });
    observer.observe({ entryTypes: ["gc"] });
    const held = [];
    for (let count = 0; count < 131072; count += 1) {
      held[count % 256] = new Uint8Array(new ArrayBuffer(16384));
      if (count % 1024 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(full);
  `;
  const { stdout } = await run(execPath, ["--input-type=module", "--eval", program]);
  return Number(stdout);
}

test("this runtime has the flags, and they spare most full collections", async () => {
  const [plain, tuned] = [await fullCollections(false), await fullCollections(true)];
  assert.ok(plain >= 8, `${plain} without`);
  assert.ok(tuned <= plain / 3, `${tuned} with, ${plain} without`);
});
