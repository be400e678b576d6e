import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { generateIdentity } from "../identity/identity.ts";
import { judgeRefusal } from "./judge-refusal.ts";
import { isDeclined } from "./race.ts";

const { peerId } = generateIdentity();
const asked = { target: { host: "a.example", port: 80 }, sendsBytes: false };
const exit = { peerId, isAccepted: true };

function judged(code: "ERR_TARGET_PROHIBITED" | "ERR_POLICY_PROTOCOL", more: Partial<typeof asked> = {}): string {
  return judgeRefusal(new BywayError(code, "so it says"), { ...asked, ...more }, exit).retry;
}

test("an exit that calls a public target prohibited is not the last to be asked", () => {
  for (const host of ["a.example", "93.184.216.34", "2606:4700::1", "xn--bcher-kva.example"])
    assert.equal(judged("ERR_TARGET_PROHIBITED", { target: { host, port: 80 } }), "other-node", host);
  const error = judgeRefusal(new BywayError("ERR_TARGET_PROHIBITED", "so it says"), asked, exit);
  assert.deepEqual([isDeclined(error, false), isDeclined(error, true)], [true, false]);
});

test("what this client knows to be prohibited is final", () => {
  for (const host of ["10.0.0.1", "::1", "127.1", "localhost", "printer", "nas.local", "a b", "", "fe80::1%eth0"])
    assert.equal(judged("ERR_TARGET_PROHIBITED", { target: { host, port: 80 } }), "never", host);
});

test("an exit that refuses a protocol before it saw a byte is not the last to be asked", () => {
  assert.equal(judged("ERR_POLICY_PROTOCOL"), "other-node");
  assert.equal(judged("ERR_POLICY_PROTOCOL", { sendsBytes: true }), "never");
});

test("an exit that refuses a port which it advertises is at fault", () => {
  const refusal = new BywayError("ERR_POLICY_PORT", "no");
  const error = judgeRefusal(refusal, asked, exit);
  assert.deepEqual([error.code, error.data.peerId], ["ERR_HOP_PROTOCOL", peerId]);
  assert.equal(judgeRefusal(refusal, asked, { peerId, isAccepted: false }), refusal);
});
