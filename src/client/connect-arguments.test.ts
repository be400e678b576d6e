import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ErrorCode } from "../core/error-table.ts";
import { askedOptions, askedPort, askedTarget } from "./connect-arguments.ts";

suite("the arguments of connect", () => {
  test("a target's host is given in its one spelling", () => {
    assert.deepEqual(askedTarget({ host: "EXAMPLE.com.", port: 443 }), { host: "example.com", port: 443 });
    assert.deepEqual(askedTarget({ host: "[::1]", port: 1 }), { host: "::1", port: 1 });
    assert.deepEqual(askedTarget({ host: "0x7f.1", port: 65_535 }), { host: "127.0.0.1", port: 65_535 });
  });

  const targets: readonly (readonly [string, unknown, ErrorCode])[] = [
    ["nothing", undefined, "ERR_USAGE_ARGUMENT"],
    ["text", "example.com:443", "ERR_USAGE_ARGUMENT"],
    ["an unknown key", { host: "example.com", port: 443, country: "de" }, "ERR_USAGE_ARGUMENT"],
    ["no host", { port: 443 }, "ERR_REQUEST_TARGET"],
    ["a host that is none", { host: "a b", port: 443 }, "ERR_REQUEST_TARGET"],
    ["no port", { host: "example.com" }, "ERR_REQUEST_TARGET"],
    ["a port in text", { host: "example.com", port: "443" }, "ERR_REQUEST_TARGET"],
    ["port 0", { host: "example.com", port: 0 }, "ERR_REQUEST_TARGET"],
    ["a port above all", { host: "example.com", port: 65_536 }, "ERR_REQUEST_TARGET"],
    ["half a port", { host: "example.com", port: 1.5 }, "ERR_REQUEST_TARGET"],
  ];
  for (const [what, target, code] of targets) {
    test(`a target is refused: ${what}`, () => assert.throws(() => askedTarget(target), { name: "BywayError", code }));
  }

  test("options are a signal, an object or nothing", () => {
    const { signal } = new AbortController();
    assert.deepEqual(askedOptions(undefined), {});
    assert.equal(askedOptions(signal).signal, signal);
    assert.equal(askedOptions({ signal }).signal, signal);
    assert.equal(askedOptions({ allowHalfOpen: true }).allowHalfOpen, true);
    assert.equal(askedOptions({ signal: undefined }).signal, undefined);
  });

  for (const options of [
    null,
    5,
    "signal",
    () => {},
    [],
    { signal: 1 },
    { signal: null },
    { abort: 1 },
    { allowHalfOpen: 1 },
  ]) {
    test(`options are refused: ${JSON.stringify(options) ?? "a function"}`, () =>
      assert.throws(() => askedOptions(options), { name: "BywayError", code: "ERR_USAGE_ARGUMENT" }));
  }

  test("a port is a whole number that there is", () => {
    assert.equal(askedPort(443, "the port"), 443);
    assert.throws(() => askedPort("443", "the port"), { code: "ERR_REQUEST_TARGET", message: /^the port must be/ });
  });
});
