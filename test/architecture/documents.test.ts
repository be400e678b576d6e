import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { documents, ROOT, readRoomLimits } from "../../scripts/documents.ts";
import { ERROR_TABLE } from "../../src/core/error-table.ts";

for (const [path, wanted] of await documents()) {
  test(`${path} is what the source says (npm run docs writes it)`, () => {
    assert.equal(readFileSync(join(ROOT, path), "utf8"), wanted);
  });
}

test("every error code is documented and every documented one exists", () => {
  const text = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const documented = [...text.matchAll(/^\| `(ERR_[A-Z_]+)` \|/gm)].map((match) => match[1]);
  assert.deepEqual(documented.toSorted(), Object.keys(ERROR_TABLE).toSorted());
});

test("every remedy is a sentence and every number one that its protocol knows", () => {
  for (const [code, row] of Object.entries(ERROR_TABLE)) {
    assert.match(row.remedy, /^[A-Z][^|\n]*\.$/, code);
    assert.ok(row.http >= 400 && row.http <= 599, code);
    assert.ok(row.socks >= 1 && row.socks <= 8, code);
    assert.ok([64, 65, 69, 70, 75, 77, 78].includes(row.exit), code);
  }
});

test("the page of limits has those of every room that has any", async () => {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const rooms = files
    .filter((path) => basename(path) === "limits.ts")
    .map((path) => dirname(path).replaceAll("\\", "/"));
  assert.deepEqual((await readRoomLimits()).map(({ room }) => room).toSorted(), rooms.toSorted());
  const page = readFileSync(join(ROOT, "docs/limits.md"), "utf8");
  for (const room of rooms) assert.match(page, new RegExp(`^\\| ${room} \\|`, "m"), room);
});

test("every limit that the page names holds something", async () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.ts$/.test(path) && !/\.(test|compliance)\.ts$/.test(path) && basename(path) !== "limits.ts")
    .map((path) => readFileSync(join(ROOT, "src", path), "utf8"));
  for (const { room, limits } of await readRoomLimits()) {
    const table = `${basename(room).toUpperCase()}_LIMITS`;
    const users = sources.filter((text) => text.includes(table));
    // Named by itself, or taken out of the table by its name.
    const taken = new Set(
      users.flatMap((text) => [
        ...[...text.matchAll(new RegExp(`${table}\\s*\\.(\\w+)`, "g"))].map((match) => match[1]),
        ...[...text.matchAll(new RegExp(`\\{([^{}]*)\\} = ${table}\\b`, "g"))].flatMap(
          (match) => match[1]?.match(/\w+/g) ?? [],
        ),
        // A file that hands the table on, or looks names up in it, may use any that it names.
        ...[...text.matchAll(new RegExp(`\\b${table}\\b(?=[,;)\\[\\s]*$|[\\[,)])`, "gm"))].flatMap(
          () => text.match(/\w+/g) ?? [],
        ),
      ]),
    );
    for (const name of Object.keys(limits)) assert.ok(taken.has(name), `nothing reads ${table}.${name}`);
  }
});

test("every limit is a number above zero and says why", async () => {
  for (const { room, limits } of await readRoomLimits()) {
    for (const [name, limit] of Object.entries(limits)) {
      assert.ok(Number.isFinite(limit.value) && limit.value > 0, `${room}.${name}`);
      assert.match(limit.why, /^\S[^|\n]*$/, `${room}.${name}`);
    }
  }
});
