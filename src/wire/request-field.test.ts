import assert from "node:assert/strict";
import { test } from "node:test";
import { inOneGo } from "../../test/support/in-one-go.ts";
import { readRequestField } from "./request-field.ts";

/** A look for each byte would take the better part of an hour. */
const LONG = 2_000_000;

test("spaces and tabs around a value fall away, and no other blanks", () => {
  for (const [line, value] of [
    ["Host:a", "a"],
    ["Host: \t a b\t ", "a b"],
    ["Host:", ""],
    ["Host: \t ", ""],
    ["Host: \xa0a\v", "\xa0a\v"],
  ] as const)
    assert.deepEqual(readRequestField(line), { kind: "plain", name: "host", value }, line);
});

test("long rows of one thing are read in one go", () => {
  for (const row of [" ", "\t", "a", ":", "\xa0", "\r", "host", "a "]) {
    const long = row.repeat(LONG / row.length);
    for (const line of [`x:a${long}a`, `x:${long}`, `${long}a`, ` ${long}`, `x${long}\0`])
      inOneGo(() => readRequestField(line), `${JSON.stringify(row)} in ${JSON.stringify(line.slice(0, 5))}…`);
  }
});
