import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText } from "./plain-text.ts";

test("what a terminal would take for a command is written out, and all else stays", () => {
  assert.equal(plainText("a\u001b[31mb\nc\u009b0m\u007f"), "a\\x1b[31mb\\x0ac\\x9b0m\\x7f");
  assert.equal(plainText("São Paulo — 12D3Koo…"), "São Paulo — 12D3Koo…");
});
