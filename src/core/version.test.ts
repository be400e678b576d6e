import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { RUNTIME, VERSION } from "./version.ts";

test("the version and the Nodes are those of the package", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  assert.deepEqual([VERSION, RUNTIME], [manifest.version, manifest.runtime]);
  assert.equal(manifest.engines.node, `>=${RUNTIME.works}`);
});
