import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { ROOT } from "../../scripts/documents.ts";

/** A file of the source, and functions in it. */
interface Stop {
  readonly file: string;
  readonly functions: readonly string[];
}

const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
const section = /^To follow one SOCKS CONNECT(.*?)^A node that serves links/ms.exec(text)?.[1] ?? "";
const ROW = /^\| \d+ \| `([^`]+)` \| ([^|]+) \|/gm;
const SIDE_ROAD = /`([\w-]+\/[\w-]+\.ts)`(?: \(([^)]+)\))?/g;
const rows = stops(section, ROW);
const sideRoads = stops(section.replace(ROW, ""), SIDE_ROAD);

function stops(of: string, pattern: RegExp): readonly Stop[] {
  return [...of.matchAll(pattern)].map(([, file = "", names = ""]) => ({
    file,
    functions: [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  }));
}

function sourceOf(file: string): string {
  return readFileSync(join(ROOT, "src", file), "utf8");
}

suite("the way of a SOCKS CONNECT in ARCHITECTURE.md", () => {
  test("has at most six files", () => {
    assert.ok(rows.length > 3 && rows.length <= 6, `${rows.length} rows`);
    assert.ok(sideRoads.length > rows.length);
  });

  for (const { file, functions } of [...rows, ...sideRoads]) {
    test(`finds ${functions.join(", ") || "the file"}: ${file}`, () => {
      const source = sourceOf(file);
      // The signature ends its line, or goes on in the next ones.
      for (const name of functions)
        assert.match(
          source,
          new RegExp(`^(?:  )?(?:export |async |function )*${name}(?:<.*>)?\\((?:.*\\{)?$`, "m"),
          name,
        );
    });
  }

  test("leads from each file to the next, by name or over the wire", () => {
    for (const [index, { file, functions }] of rows.slice(1).entries()) {
      const [entry = ""] = functions;
      // Only what comes from the wire begins at a private function.
      if (entry.startsWith("#")) continue;
      const before = rows[index]?.file ?? "";
      assert.match(sourceOf(before), new RegExp(`\\b${entry}\\b`), `${before} does not name ${entry} of ${file}`);
    }
  });
});
