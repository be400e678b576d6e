import assert from "node:assert/strict";
import { test } from "node:test";
import { errorFromAnswer } from "./answer.ts";

test("a hop cannot tell the client what only the client can know", () => {
  const code = (told: string) => errorFromAnswer({ "byway-error": told }, "target").code;
  assert.equal(code("ERR_TARGET_REFUSED"), "ERR_TARGET_REFUSED");
  for (const lie of ["ERR_NO_NODE", "ERR_CREDENTIALS", "ERR_STOPPED", "__proto__", "toString", ""]) {
    assert.equal(code(lie), "ERR_HOP_PROTOCOL", lie);
  }
});
