import assert from "node:assert/strict";
import { test } from "node:test";
import { specialName } from "./name-policy.ts";

test("special-use names and all under them are refused", () => {
  const names = ["localhost", "local", "internal", "home.arpa", "alt", "onion", "invalid", "lan", "corp", "intranet"];
  for (const name of names) {
    assert.equal(specialName(name)?.suffix, name);
    assert.equal(specialName(`a.${name}`)?.suffix, name);
    assert.equal(specialName(`x.y.z.${name}`)?.suffix, name);
  }
  assert.equal(specialName("k51qzi.byway.alt")?.suffix, "alt");
});

test("names match on dot boundaries only", () => {
  for (const name of [
    "notlocalhost.example",
    "local.example",
    "mylocal.net",
    "home.arpa.example",
    "xhome.arpa",
    "a.test",
  ]) {
    assert.equal(specialName(name), undefined, name);
  }
});

test("names of one label and names that end in a number are refused", () => {
  for (const name of ["router", "printer", "com"]) assert.match(specialName(name)?.reason ?? "", /one label/);
  for (const name of ["a.127", "1.2.3.4.5", "a.0x7f", "a.0x"])
    assert.match(specialName(name)?.reason ?? "", /number/, name);
});
