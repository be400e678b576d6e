import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";

const LONGEST_README = 140;

/** Every page for readers: those at the root, in docs/ and beside the code. */
const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...["docs", "src"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => join(folder, name)),
  ),
];

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "code");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  const counts = new Map<string, number>();
  for (const [, heading = ""] of text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/^#{1,6} (.+)$/gm)) {
    const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = shown.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    found.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return found;
}

/** Every file of the project, as a path from its root. */
const FILES: readonly string[] = ["bench", "docs", "entry", "scripts", "src", "test"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => `/${join(folder, name)}`),
);

/** A path in backticks: a source file by the end of its path, or anything below one of the folders at the root. */
const NAMED_PATH = /`((?:[\w.-]+\/)*[\w.-]+\.ts|(?:bench|docs|scripts|src|test)\/[\w./-]+)`/g;

/** Files of other projects that pages name. */
const NOT_OURS: ReadonlySet<string> = new Set(["src/core/or/policies.c"]);

for (const page of PAGES.filter((path) => !path.startsWith(join("docs", "adr")))) {
  test(`the files that ${page} names exist`, () => {
    for (const [, path = ""] of read(page).matchAll(NAMED_PATH)) {
      const end = `/${path.replace(/\/$/, "")}`;
      assert.ok(NOT_OURS.has(path) || FILES.some((file) => file.endsWith(end)), `${page}: ${path}`);
    }
  });
}

for (const page of PAGES) {
  test(`links of ${page} lead to files and headings that exist`, () => {
    for (const [, link = ""] of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = "", anchor] = link.split("#");
      const path = file === "" ? page : normalize(join(dirname(page), file));
      assert.ok(existsSync(join(ROOT, path)), `${page}: ${link}`);
      if (anchor !== undefined) assert.ok(anchorsOf(read(path)).has(anchor), `${page}: ${link} is no heading`);
    }
  });
}

test("the index of docs/ names every page in it", () => {
  const index = read("docs/README.md");
  for (const name of readdirSync(join(ROOT, "docs")).filter((file) => file.endsWith(".md") && file !== "README.md")) {
    assert.ok(index.includes(`](${name})`), name);
  }
});

test("README is short enough to be read", () => {
  assert.ok(read("README.md").trimEnd().split("\n").length <= LONGEST_README);
});

test("README says in a line of its own how to run the tests", () => {
  assert.match(read("README.md"), /^ {4}npm ci && npm test$/m);
});
