import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { makeOwnDirectory } from "./own-directory.ts";

test("what a killed process left is removed, and nothing else is", async (t) => {
  const parent = temporaryDirectory(t);
  const at = (name: string): string => join(parent, name);
  // As a killed process leaves it: the lock's file, which nobody holds.
  for (const name of ["demo-killed", "other-killed"]) {
    mkdirSync(at(name));
    for (const file of ["in-use.lock", "state"]) writeFileSync(join(at(name), file), "");
  }
  mkdirSync(at("demo-without-lock"));
  writeFileSync(at("demo-file"), "");
  symlinkSync(at("other-killed"), at("demo-link"));
  const running = await makeOwnDirectory("demo-", parent);
  assert.equal(existsSync(at("demo-killed")), false);

  const second = await makeOwnDirectory("demo-", parent);
  for (const path of [running.path, second.path]) assert.ok(existsSync(path), path);
  for (const name of ["demo-without-lock", "demo-file", "demo-link", "other-killed/state"]) {
    assert.ok(existsSync(at(name)), name);
  }
  for (const one of [second, running, running]) one.remove();
  assert.deepEqual([running.path, second.path].filter(existsSync), []);
});

test("a directory that cannot be made is an error", async (t) => {
  const missing = join(temporaryDirectory(t), "missing");
  await assert.rejects(makeOwnDirectory("demo-", missing), { code: "ERR_TEMPORARY_DIRECTORY" });
});
