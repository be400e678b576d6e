import assert from "node:assert/strict";
import { renameSync, truncateSync, writeFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { geoPath } from "../../test/support/geo-file.ts";
import { GEO_LIMITS } from "./limits.ts";
import { PagedFile } from "./paged-file.ts";

const PAGE = GEO_LIMITS.pageBytes.value;
const DAMAGED = { code: "ERR_GEO_DATA" };

function open(t: TestContext, content: Uint8Array): PagedFile {
  const file = PagedFile.open(geoPath(t, "file", content));
  t.after(() => file.close());
  return file;
}

/** Bytes that tell where they stand. */
function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 12)) & 0xff));
}

test("bytes, numbers and texts are those of the file, within pages, over their edges and at its end", (t) => {
  const content = Buffer.concat([pattern(PAGE * 3 - 10), Buffer.from("Grüße")]);
  const file = open(t, content);
  for (const at of [0, 1, PAGE - 1, PAGE, PAGE * 2 - 3, content.length - 1]) assert.equal(file.byte(at), content[at]);
  assert.equal(file.uint(PAGE - 2, 4), content.readUIntBE(PAGE - 2, 4));
  assert.equal(file.uint(PAGE * 2 - 1, 6), content.readUIntBE(PAGE * 2 - 1, 6));
  assert.deepEqual(file.bytes(10, PAGE * 2), content.subarray(10, 10 + PAGE * 2));
  assert.equal(file.text(PAGE * 3 - 10, 7), "Grüße");
  assert.equal(file.text(content.length, 0), "");
});

test("more pages than are kept are read right, in any order", (t) => {
  const content = pattern(PAGE * (GEO_LIMITS.cachedPages.value + 40));
  const file = open(t, content);
  for (let i = 0; i < 3_000; i++) {
    const at = (i * 104_729) % content.length;
    assert.equal(file.byte(at), content[at]);
  }
});

test("outside the file there is an error and no byte", (t) => {
  const file = open(t, pattern(100));
  for (const at of [100, 4_095, 4_096, 2 ** 40, -1, Number.NaN]) assert.throws(() => file.byte(at), DAMAGED, `${at}`);
  assert.throws(() => file.bytes(90, 11), DAMAGED);
  assert.throws(() => file.text(90, 11), DAMAGED);
  assert.throws(() => file.uint(98, 3), DAMAGED);
});

test("a file that shrinks while it is open is an error, and the pages that are left are still right", (t) => {
  const content = pattern(PAGE * 4);
  const path = geoPath(t, "file", content);
  const file = PagedFile.open(path);
  t.after(() => file.close());
  truncateSync(path, PAGE);
  assert.throws(() => file.byte(PAGE * 2), DAMAGED);
  assert.equal(file.byte(5), content[5]);
});

test("a file that is replaced stays what it was", (t) => {
  const path = geoPath(t, "file", pattern(PAGE * 2));
  const file = PagedFile.open(path);
  t.after(() => file.close());
  writeFileSync(`${path}.new`, "x");
  renameSync(`${path}.new`, path);
  assert.equal(file.byte(PAGE + 7), pattern(PAGE * 2)[PAGE + 7]);
});

test("what is no file with something in it is refused, and a closed one cannot be read", (t) => {
  assert.throws(() => PagedFile.open(geoPath(t, "empty", "")), DAMAGED);
  assert.throws(() => PagedFile.open("/"), DAMAGED);
  assert.throws(() => PagedFile.open("/dev/zero"), DAMAGED);
  assert.throws(() => PagedFile.open("/does/not/exist", "the name"), {
    ...DAMAGED,
    message: /the name cannot be read \(ENOENT\)/,
  });
  const file = open(t, pattern(10));
  file.close();
  file.close();
  assert.throws(() => file.byte(0), DAMAGED);
});
