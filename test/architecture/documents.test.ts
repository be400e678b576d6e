import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
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

test("every limit is a number above zero and says why", async () => {
  for (const { room, limits } of await readRoomLimits()) {
    for (const [name, limit] of Object.entries(limits)) {
      assert.ok(Number.isFinite(limit.value) && limit.value > 0, `${room}.${name}`);
      assert.match(limit.why, /^\S[^|\n]*$/, `${room}.${name}`);
    }
  }
});
