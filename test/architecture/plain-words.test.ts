import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";
import { ERROR_TABLE } from "../../src/core/error-table.ts";
import { HEALTH_TABLE } from "../../src/operation/health-table.ts";

/** Words that readers stumble over, each with what to write. */
const HARD: readonly (readonly [words: RegExp, instead: string])[] = [
  [/\bleav(?:e|es|ing) the\s+internet\b/i, "reaches the internet: to leave it is to go offline"],
  [/\bwhoever\b/i, "anyone who"],
  [/\btold\s+of\b/i, "knows, gets, sees"],
  [/\bthat\s+there\s+(?:is|are)\s+not\b/i, "unknown, missing"],
  [/\bfor\s+whom\s+it\s+is\b/i, "the recipient"],
  [/\bin\s+(?:its|their)\s+place\b/i, "instead of"],
  [/\bpass(?:es|ed)?\s+over\b/i, "ignores"],
];

/** All pages except the list of limits and the simulation. */
const PAGES = [
  "README.md",
  "package.json",
  "byway.example.toml",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .filter((name) => !/^(?:limits|simulation)\.md$/.test(name))
    .map((name) => join("docs", name)),
];

function check(where: string, text: string): void {
  for (const [words, instead] of HARD) {
    const found = words.exec(text)?.[0];
    assert.equal(found, undefined, `${where} says "${found}": write ${instead}`);
  }
}

for (const page of PAGES) {
  test(`${page} uses plain words`, () => check(page, readFileSync(join(ROOT, page), "utf8")));
}

test("remedies use plain words", () => {
  for (const [code, { remedy }] of Object.entries(ERROR_TABLE)) check(code, remedy);
  for (const [code, { when, remedy }] of Object.entries(HEALTH_TABLE)) check(code, `${when}\n${remedy}`);
});

test("no source says that traffic leaves the internet", () => {
  for (const path of readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".ts")) assert.doesNotMatch(readFileSync(join(ROOT, "src", path), "utf8"), HARD[0]?.[0] ?? /^/);
  }
});
