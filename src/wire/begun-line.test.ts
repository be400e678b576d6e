import assert from "node:assert/strict";
import { test } from "node:test";
import { BegunLine } from "./begun-line.ts";

test("a line may become a request's while its first word has bytes of a method only", () => {
  const may = ["", "G", "GET", "GET ", "GET (", "\0\x01 \x7fG", "\x85GET\x1c(", "x\ty"];
  for (const text of may) assert.ok(new BegunLine(0).mayBecomeRequest(Buffer.from(text, "latin1")), text);
  for (const text of ["(", "G(", "GET\0 ", "\xe4", "\0\xc3", "{", "\x00\x01{"]) {
    assert.ok(!new BegunLine(0).mayBecomeRequest(Buffer.from(text, "latin1")), text);
  }
});

test("no byte is looked at twice", () => {
  const bytes = Buffer.from("GET / x\ry\rz");
  const line = new BegunLine(0);
  assert.ok(line.mayBecomeRequest(bytes.subarray(0, 3)));
  assert.equal(line.newBareCr(bytes.subarray(0, 8)), undefined);
  bytes.write("(\r");
  assert.ok(line.mayBecomeRequest(bytes));
  assert.equal(line.newBareCr(bytes), 7);
  assert.equal(line.newBareCr(bytes), undefined);
});
