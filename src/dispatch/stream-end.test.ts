import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { streamEnd } from "./stream-end.ts";

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

function codeOf(errored: Error | null, ended: boolean): string | undefined {
  return streamEnd({ stream: { errored }, circuit: { ended } })?.code;
}

test("a stream whose connection broke was lost with its circuit, or reset by its target", () => {
  assert.equal(codeOf(reset, true), "ERR_HOP_LOST");
  assert.equal(codeOf(reset, false), "ERR_TARGET_RESET");
});

test("a stream that ended well has no error, and one of Byway's own stays what it is", () => {
  assert.equal(codeOf(null, false), undefined);
  assert.equal(codeOf(new BywayError("ERR_ABORTED", "the app hung up"), false), "ERR_ABORTED");
  assert.equal(codeOf(new TypeError("a fault of ours"), false), "ERR_INTERNAL");
});
