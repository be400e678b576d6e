import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { reportError } from "./report-error.ts";
import type { Terminal } from "./terminal.ts";

test("an error that quotes a stranger cannot command the terminal, as text or as JSON", () => {
  const error = new BywayError("ERR_TARGET_PROTOCOL", "it said \u009b31m and \u007f", { data: { said: "\u0085" } });
  for (const json of [false, true]) {
    let written = "";
    const terminal: Pick<Terminal, "writeError"> = { writeError: (text) => (written += text) };
    reportError(terminal as Terminal, json, error);
    assert.match(written, /it said/);
    assert.doesNotMatch(written, /[\u007f-\u009f]/);
    if (json) assert.match(JSON.parse(written).error.message, /\u009b31m and \u007f$/);
  }
});
