import assert from "node:assert/strict";
import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { controlPath, isSocketName } from "./control-path.ts";

test("a data directory has one control path, whatever links lead to it, and before it is there", (t) => {
  const root = realpathSync(temporaryDirectory(t));
  const long = join(root, "d".repeat(120));
  mkdirSync(long);
  symlinkSync(long, join(root, "short"));
  for (const inner of ["", "not/yet"]) {
    const path = controlPath(join(root, "short", inner), "node");
    assert.equal(path, join(long, inner, "node.sock"));
    assert.equal(path, controlPath(join(long, inner), "node"));
    assert.ok(!isSocketName(path));
  }
  assert.equal(controlPath(join(root, "gone"), "control"), join(root, "gone", "control.sock"));
});
