import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { makeTemporaryDirectory } from "./temporary-directory.ts";

test("a temporary directory is its owner's alone, and one that cannot be made names the place and TMPDIR", async (t) => {
  const parent = temporaryDirectory(t);
  const made = await makeTemporaryDirectory("byway-", parent);
  assert.equal(dirname(made), parent);
  if (process.platform !== "win32") assert.equal(statSync(made).mode & 0o777, 0o700);
  const missing = join(parent, "missing");
  await assert.rejects(makeTemporaryDirectory("byway-", missing), {
    code: "ERR_TEMPORARY_DIRECTORY",
    message: `no temporary directory can be made in ${missing} (ENOENT)`,
    remedy: /TMPDIR/,
  });
});
