import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../test/support/run-byway.ts";
import { openDataDirectory } from "./data-directory.ts";

test("a default data directory that cannot be used says where it comes from and how to name another", async (t) => {
  const homeDirectory = join(temporaryDirectory(t), "home");
  writeFileSync(homeDirectory, "a file, as /dev/null is");
  const byDefault = join(homeDirectory, ".local", "share", "byway");
  const terminal = { environment: {}, homeDirectory };
  const code = "ERR_DATA_DIRECTORY";
  await assert.rejects(openDataDirectory(byDefault, terminal), { code, message: /\(E[A-Z]+\); .* HOME: .* --data$/ });
  await assert.rejects(openDataDirectory(join(homeDirectory, "x"), terminal), { code, message: /\(E[A-Z]+\)$/ });
});
