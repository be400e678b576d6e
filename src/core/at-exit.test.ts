import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

/** What a process writes that runs `program` with `atExit`, and ends. */
function said(program: string): string {
  const source = `import { writeSync } from "node:fs"; import { atExit } from ${JSON.stringify(new URL("at-exit.ts", import.meta.url).href)};
    const say = (text) => atExit(() => writeSync(1, text)); ${program}`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
}

test("a process that is made to exit does what was asked for, in spite of a failure, but for what was called off", () => {
  assert.equal(said('say("a"); say("b")(); atExit(() => { throw new Error("no"); }); say("c"); process.exit();'), "ac");
});
