import assert from "node:assert/strict";
import { test } from "node:test";
import { plainText, visibleText } from "./plain-text.ts";

test("what a terminal would take for a command is written out, and all else stays", () => {
  assert.equal(plainText("a\u001b[31mb\nc\u009b0m\u007f"), "a\\x1b[31mb\\x0ac\\x9b0m\\x7f");
  assert.equal(plainText("São Paulo — 12D3Koo…"), "São Paulo — 12D3Koo…");
});

test("what turns or hides text is written out too, and taken out where nobody reads codes", () => {
  const hidden = "a\u202eb\u2066c\u200bd\u2028e\u2029f\u{e0041}g\ufeffh\ud800i";
  assert.equal(plainText(hidden), "a\\u202eb\\u2066c\\u200bd\\u2028e\\u2029f\\u{e0041}g\\ufeffh\\ud800i");
  assert.equal(visibleText(`${hidden}\u001b`), "abcdefghi");
  assert.equal(visibleText("São Paulo — 東京 👍🏽"), "São Paulo — 東京 👍🏽");
});
