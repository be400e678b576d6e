import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { errorAnswer, errorFromAnswer } from "./answer.ts";

test("a hop cannot tell the client what only the client can know", () => {
  const code = (told: string) => errorFromAnswer({ "byway-error": told }, "target").code;
  assert.equal(code("ERR_TARGET_REFUSED"), "ERR_TARGET_REFUSED");
  for (const lie of ["ERR_NO_NODE", "ERR_CREDENTIALS", "ERR_STOPPED", "__proto__", "toString", ""]) {
    assert.equal(code(lie), "ERR_HOP_PROTOCOL", lie);
  }
});

test("how long a hop asks to be left in peace travels with its refusal", () => {
  const { "retry-after": waits, ...rest } = errorAnswer(
    new BywayError("ERR_NODE_CLOSED", "closed until 22:00", { data: { retryAfterSec: 90, by: "hours" } }),
  );
  const told = { "byway-error": String(rest["byway-error"]), "retry-after": String(waits) };
  assert.deepEqual(errorFromAnswer(told, "target").data, { status: 0, retryAfterSec: 90 });
  for (const lie of ["-1", "1e9", "123456", "soon", "Fri, 31 Dec 1999 23:59:59 GMT"]) {
    assert.equal(errorFromAnswer({ ...told, "retry-after": lie }, "target").data.retryAfterSec, undefined, lie);
  }
});

test("an answer says when to ask again, where that is known", () => {
  const after = (error: BywayError) => errorAnswer(error)["retry-after"];
  assert.equal(after(new BywayError("ERR_NODE_LIMIT", "full", { data: { retryAfterSec: 7 } })), "7");
  assert.equal(after(new BywayError("ERR_NODE_LIMIT", "full")), "1");
  assert.equal(after(new BywayError("ERR_NODE_CLOSED", "closed", { data: { retryAfterSec: 3600 } })), "3600");
  assert.equal(after(new BywayError("ERR_NODE_CLOSED", "closed")), undefined);
});
