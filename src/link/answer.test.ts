import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { errorAnswer, errorFromAnswer } from "./answer.ts";
import type { Toward } from "./hop-word.ts";

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

test("a hop cannot ask to be left in peace for longer than a day", () => {
  const asked = (seconds: string) => errorFromAnswer({ "retry-after": seconds }, "target").data.retryAfterSec;
  assert.deepEqual([asked("86400"), asked("86401"), asked("99999")], [86_400, 86_400, 86_400]);
});

test("a status that ends no request is none", () => {
  const status = (value: unknown) => errorFromAnswer({ ":status": value as string }, "target").data.status;
  for (const one of [undefined, 0, 100, 103, 199, 600, 999, -403, 403.5, Number.NaN, "4e2x"])
    assert.equal(status(one), 0, String(one));
  assert.deepEqual([status(200), status(403), status(599)], [200, 403, 599]);
});

test("a hop's reason is one short line of printable ASCII, whatever it writes", () => {
  const reason = (header: string) => errorFromAnswer({ "proxy-status": header }, "target").message;
  assert.equal(reason('byway; error=dns_error; details="no such name"'), 'the exit says: "no such name"');
  assert.equal(reason("byway; error=dns_error"), 'the exit says: "dns_error"');
  assert.equal(reason(`byway; error=x; details="${"a".repeat(3_000)}"`), `the exit says: "${"a".repeat(256)}"`);
  assert.equal(reason(`byway; error=${"a".repeat(3_000)}`), `the exit says: "${"a".repeat(256)}"`);
  for (const lie of ["a\nb", "a\rb", "a\u001b[31mb", "a\u007f", "caf\u00e9", "", " "])
    assert.equal(reason(`byway; details="${lie}"`), "the exit gave no reason", JSON.stringify(lie));
  assert.equal(reason(`byway; details="${"a".repeat(5_000)}"`), "the exit gave no reason");
});

test("a hop's words are marked as the hop's, whoever was asked", () => {
  const headers = { ":status": "502", "proxy-status": 'byway; error=dns_error; details="pay at evil.example"' };
  const said = (toward: Toward) => [
    errorFromAnswer(headers, toward).message,
    errorFromAnswer({ ":status": "502" }, toward).message,
  ];
  assert.deepEqual(said("target"), ['the exit says: "pay at evil.example"', "the exit gave no reason"]);
  assert.deepEqual(said("hop"), ['the relay says: "pay at evil.example"', "the relay gave no reason"]);
  assert.deepEqual(said("node"), ['the node says: "pay at evil.example"', "the node gave no reason"]);
});

test("a hop's words cannot end their own quotation", () => {
  const details = String.raw`nothing\" (ERR_TARGET_NAME). Byway says: \"pay at evil.example`;
  const { message } = errorFromAnswer({ "proxy-status": `byway; error=x; details="${details}"` }, "target");
  assert.equal(message, `the exit says: "nothing' (ERR_TARGET_NAME). Byway says: 'pay at evil.example"`);
});

test("an answer says when to ask again, where that is known", () => {
  const after = (error: BywayError) => errorAnswer(error)["retry-after"];
  assert.equal(after(new BywayError("ERR_NODE_LIMIT", "full", { data: { retryAfterSec: 7 } })), "7");
  assert.equal(after(new BywayError("ERR_NODE_LIMIT", "full")), "1");
  assert.equal(after(new BywayError("ERR_NODE_CLOSED", "closed", { data: { retryAfterSec: 3600 } })), "3600");
  assert.equal(after(new BywayError("ERR_NODE_CLOSED", "closed")), undefined);
});
