import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLine } from "./json-line.ts";
import { shortBytes, shortMs, shortPeer, shortText } from "./short-text.ts";

test("bytes are written in at most five characters", () => {
  for (const [bytes, text] of [
    [0, "0"],
    [999, "999"],
    [1_000, "1.0k"],
    [9_949, "9.9k"],
    [9_950, "10k"],
    [999_499, "999k"],
    [999_500, "1.0M"],
    [35_499_000, "35M"],
    [2.5e12, "2.5T"],
    [2.5e15, "2500T"],
  ] as const) {
    assert.equal(shortBytes(bytes), text);
  }
});

test("times are written in the unit that one reads them in", () => {
  for (const [ms, text] of [
    [0, "0.0 ms"],
    [9.94, "9.9 ms"],
    [9.95, "10 ms"],
    [999.4, "999 ms"],
    [999.5, "1.0 s"],
    [119_499, "119.5 s"],
    [119_500, "2 min"],
    [7_200_000, "2 h"],
  ] as const) {
    assert.equal(shortMs(ms), text);
  }
});

test("what strangers wrote is cut after it was made plain, and never in the middle of a character", () => {
  assert.equal(shortText("a\u001bb", 9), "a\\x1bb");
  assert.equal(shortText("\u001b\u001b\u001b", 6), "\\x1b\\…");
  assert.ok(shortText("🜁🜁🜁", 4).isWellFormed());
  assert.equal(shortPeer("k51abc4f9k2a"), "…4f9k2a");
  assert.equal(shortPeer("k51\u001b"), "…51\\x1b");
});

test("a line of JSON has no control characters, and reads back as what it was", () => {
  const value = { "k\u009b": "\u001b[2J\u007f\u0085\n\u00e9" };
  const line = jsonLine(value);
  assert.match(line, /^\P{Cc}+\n$/u);
  assert.deepEqual(JSON.parse(line), value);
});
