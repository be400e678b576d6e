import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";

const PAGE = readFileSync(join(ROOT, "docs/shared-pools.md"), "utf8");

/** What keeps places or rates for many: making one of these makes a pool. */
const POOL =
  /new (?:Semaphore|FairSemaphore|FairShares|FairStore|LinkPlaces|OnwardPlaces|KeyedStates|KeyedBackoff|TokenBuckets)\b/;

test("every file that the survey of shared pools names exists", () => {
  const named = [...PAGE.matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]+\.ts)`/g)].map(([, path = ""]) => path);
  assert.ok(named.length > 0);
  for (const path of named) assert.ok(existsSync(join(ROOT, path.startsWith("test/") ? path : `src/${path}`)), path);
});

test("the survey of shared pools names every file that makes one", () => {
  for (const path of readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts") || path.endsWith(".test.ts")) continue;
    if (POOL.test(readFileSync(join(ROOT, "src", path), "utf8")))
      assert.ok(
        PAGE.includes(`\`${path}\``),
        `docs/shared-pools.md does not name ${path}: add a row for what it shares`,
      );
  }
});
