import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseScalar, ValueProblem } from "./scalar-parser.ts";
import { SETTING_KEYS, settingRow } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { parseFileValue, parseText, printValue } from "./value-parser.ts";

function row(type: Setting["type"], more: Partial<Setting> = {}): Setting {
  return { type, list: false, environment: "", groups: [], docs: "", ...more };
}

for (const [type, text, expected] of [
  ["ip:port", "127.0.0.1:1080", { host: "127.0.0.1", port: 1080 }],
  ["ip:port", "[::1]:0", { host: "::1", port: 0 }],
  ["host:port", "intranet.example:443", { host: "intranet.example", port: 443 }],
  ["host:port", "[2001:db8::1]:80", { host: "2001:db8::1", port: 80 }],
  ["country", "DE", "de"],
  ["boolean", "true", true],
  ["name:password", "alice:a:b c", { name: "alice", password: "a:b c" }],
  ["name-server", "127.0.0.1", "127.0.0.1"],
  ["name-server", "127.0.0.1:5353", "127.0.0.1:5353"],
] as const) {
  test(`${type} takes ${text}`, () => assert.deepEqual(parseScalar(text, row(type)), expected));
}

for (const [type, text] of [
  ["ip:port", "1080"],
  ["ip:port", ":1080"],
  ["ip:port", "localhost:1080"],
  ["ip:port", "127.0.0.1:65536"],
  ["ip:port", "127.1:80"],
  ["ip:port", "::1:80"],
  ["ip:port", "[127.0.0.1]:80"],
  ["host:port", "intranet.example"],
  ["host:port", "intranet.example:0"],
  ["host:port", "a b:80"],
  ["host:port", "http://a:80"],
  ["ip", "localhost"],
  ["country", "deu"],
  ["country", "xx"],
  ["country", "uk"],
  ["country", "d1"],
  ["boolean", "yes"],
  ["boolean", ""],
  ["name:password", "alice"],
  ["name:password", ":secret"],
  ["name:password", "alice:"],
  ["name-server", "dns.example"],
  ["name-server", "127.0.0.1:0"],
  ["text", ""],
  ["text", "a\nb"],
  ["text", "\u001b[31mred"],
  ["text", "\u202eevil"],
  ["text", "a\u2067b"],
  ["text", "a\u200bb"],
  ["text", "a\u2028b"],
  ["text", "a\u2029b"],
  ["text", "a\u0085b"],
  ["text", "a\ufeffb"],
  ["text", "a\u{e0041}b"],
  ["text", "a\ud800"],
  ["path", ""],
  ["path", "a\0b"],
] as const) {
  test(`${type} refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseScalar(text, row(type)), ValueProblem));
}

test("an integer stays within its bounds", () => {
  const hops = row("integer", { min: 1, max: 5 });
  assert.equal(parseScalar("5", hops), 5);
  for (const text of ["0", "6", "1.5", "", " 1", "0x1", "1e0", "99999999999999999999"]) {
    assert.throws(() => parseScalar(text, hops), /^ValueProblem: a whole number from 1 to 5$/);
  }
});

test("the file has types of its own", () => {
  assert.equal(parseFileValue(true, row("boolean")), true);
  assert.throws(() => parseFileValue("true", row("boolean")), ValueProblem);
  assert.equal(parseFileValue(3, row("integer")), 3);
  assert.throws(() => parseFileValue("3", row("integer")), ValueProblem);
  assert.throws(() => parseFileValue(1.5, row("integer")), ValueProblem);
  assert.throws(() => parseFileValue(3, row("text")), ValueProblem);
  assert.throws(() => parseFileValue(new Date(0), row("text")), ValueProblem);
  assert.throws(() => parseFileValue("de", row("country", { list: true })), /a list of values, each a country code/);
  assert.deepEqual(parseFileValue(["DE", "us"], row("country", { list: true })), ["de", "us"]);
});

test("the items of a list stand between commas", () => {
  const row: Setting = { ...settingRow("client.hops"), type: "enum", list: true, values: ["relay", "exit"] };
  assert.deepEqual(parseText("relay, exit", row), ["relay", "exit"]);
  assert.throws(() => parseText("relay,", row), /some of relay, exit/);
});

test("a secret is never printed", () => {
  const users = settingRow("client.users");
  assert.equal(printValue([{ name: "alice", password: "secret" }], users), "[scrubbed]");
  assert.deepEqual(printValue([], users), []);
});

test("text of any kind gives a value or a ValueProblem", () => {
  const bits = fc.array(fc.constantFrom(":", "[", "]", ".", "1", "a", ",", "-", "é", "\0", "255", "127.0.0.1"), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        bits.map((parts) => parts.join("")),
      ),
      fc.constantFrom(...SETTING_KEYS),
      (text, key) => {
        try {
          parseText(text, settingRow(key));
        } catch (error) {
          assert.ok(error instanceof ValueProblem);
        }
      },
    ),
  );
});

test("what is printed for the file is read back as the same value", () => {
  for (const key of SETTING_KEYS) {
    const settingOfKey = settingRow(key);
    const shown = settingOfKey.default ?? settingOfKey.example;
    if (shown === undefined || settingOfKey.secret === true) continue;
    assert.deepEqual(printValue(parseFileValue(shown, settingOfKey), settingOfKey), shown, key);
  }
});
