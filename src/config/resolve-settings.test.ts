import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../core/error-table.ts";
import { BywayError, type ErrorOptions } from "../core/errors.ts";
import { type ResolvedSettings, resolveSettings } from "./resolve-settings.ts";
import { SETTING_KEYS } from "./schema.ts";
import type { ConfigSources } from "./sources.ts";

function resolve(sources: Partial<ConfigSources> & { text?: string } = {}): ResolvedSettings {
  const { text, ...more } = sources;
  return resolveSettings({
    homeDirectory: "/home/one",
    defaults: { data: "/home/one/.local/share/byway" },
    ...(text === undefined ? {} : { file: { path: "byway.toml", text } }),
    ...more,
  });
}

function refusal(code: ErrorCode, message: RegExp, data: ErrorOptions["data"] = {}) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof BywayError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.deepEqual({ ...error.data, ...data }, error.data);
    return true;
  };
}

test("without sources every setting has its default", () => {
  const { values, origins } = resolve();
  assert.equal(values.data, "/home/one/.local/share/byway");
  assert.deepEqual(values["client.listen"], { host: "127.0.0.1", port: 1080 });
  assert.equal(values["client.hops"], 1);
  assert.equal(values["node.listen"], undefined);
  assert.deepEqual([values["node.relay"], values["node.exit"]], [false, false]);
  for (const key of SETTING_KEYS) assert.deepEqual(origins[key], { layer: "default", name: undefined });
});

test("default < file < environment < flag", () => {
  const text = "[client]\nhops = 2\n";
  const environment = { BYWAY_CLIENT_HOPS: "3" };
  const flags = { "client.hops": "4" };
  assert.equal(resolve().values["client.hops"], 1);
  const byFile = resolve({ text });
  assert.equal(byFile.values["client.hops"], 2);
  assert.deepEqual(byFile.origins["client.hops"], { layer: "file", name: "byway.toml" });
  const byEnvironment = resolve({ text, environment });
  assert.equal(byEnvironment.values["client.hops"], 3);
  assert.deepEqual(byEnvironment.origins["client.hops"], { layer: "environment", name: "BYWAY_CLIENT_HOPS" });
  const byFlag = resolve({ text, environment, flags });
  assert.equal(byFlag.values["client.hops"], 4);
  assert.deepEqual(byFlag.origins["client.hops"], { layer: "flag", name: "--hops" });
});

test("an empty variable counts as unset", () => {
  assert.equal(resolve({ environment: { BYWAY_CLIENT_HOPS: "" } }).values["client.hops"], 1);
});

test("a list replaces the list below it, and flags are repeated", () => {
  const text = '[node]\nallow-targets = ["127.0.0.1:1"]\n';
  const { values } = resolve({ text, flags: { "node.allow-targets": ["127.0.0.1:2", "a.example:3,b.example:4"] } });
  assert.deepEqual(values["node.allow-targets"], [
    { host: "127.0.0.1", port: 2 },
    { host: "a.example", port: 3 },
    { host: "b.example", port: 4 },
  ]);
});

test("a flag for paths takes commas as they are, and the home directory is written ~", () => {
  const text = 'data = "~/byway"\n[client]\npeers = ["~/a,b"]\n';
  assert.equal(resolve({ text }).values.data, "/home/one/byway");
  assert.deepEqual(resolve({ text }).values["client.peers"], ["/home/one/a,b"]);
  assert.deepEqual(resolve({ flags: { "client.peers": ["a,b", "c"] } }).values["client.peers"], ["a,b", "c"]);
});

for (const [text, nearest] of [
  ["[client]\nlistn = 1\n", "client.listen"],
  ["dta = 1\n", "data"],
  ["[cleint]\nhops = 1\n", "client.hops"],
  ["log_level = 'info'\n", "log-level"],
  ["[node.country]\nx = 1\n", "node.country"],
  ["[clint]\n", "client"],
  ["[client.hps]\n", "client.hops"],
  ["[node]\n[node.polcy.x]\n", "node.policy"],
  ["[nod]\n", "node"],
] as const) {
  test(`an unknown key names the nearest: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => resolve({ text }),
      refusal("ERR_CONFIG_UNKNOWN_KEY", /^byway.toml has no known key/, { nearest }),
    );
  });
}

test("an empty table where a value belongs is a bad value, and one of settings is none", () => {
  for (const [text, key] of [
    ["[client]\nhops = {}\n", "client.hops"],
    ["[node.policy]\n", "node.policy"],
    ["[data]\n", "data"],
    ["[client.limits]\n", "client.limits"],
  ] as const) {
    assert.throws(() => resolve({ text }), refusal("ERR_CONFIG_VALUE", /in byway.toml must be/, { key }), text);
  }
  assert.deepEqual(resolve({ text: "[client]\n[node]\n" }).values, resolve().values);
});

test("a path that begins with ~ is in the home directory, from a flag too; without one it is refused", () => {
  assert.equal(resolve({ flags: { data: "~/x" } }).values.data, "/home/one/x");
  assert.equal(resolve({ flags: { data: "~" } }).values.data, "/home/one");
  assert.deepEqual(resolve({ flags: { "client.peers": ["~/a,b", "c~/d"] } }).values["client.peers"], [
    "/home/one/a,b",
    "c~/d",
  ]);
  const homeDirectory = undefined;
  const defaults = { data: undefined };
  assert.equal(resolve({ homeDirectory, defaults }).values.data, undefined);
  assert.equal(resolve({ homeDirectory, defaults, flags: { data: "/x" } }).values.data, "/x");
  assert.throws(
    () => resolve({ homeDirectory, defaults, flags: { data: "~/x" } }),
    refusal("ERR_USAGE_ARGUMENT", /^--data must be a path without ~/),
  );
});

test("IPv4 is not written as IPv6, and the port that others are told is none that the system chooses", () => {
  for (const host of ["::ffff:127.0.0.1", "::FFFF:7f00:1", "0:0:0:0:0:ffff:127.0.0.1"]) {
    assert.throws(
      () => resolve({ flags: { "node.listen": `[${host}]:1` } }),
      refusal("ERR_USAGE_ARGUMENT", /^--listen must be .*, IPv4 without ::ffff:$/),
    );
  }
  assert.equal(resolve({ flags: { "node.listen": "[2001:db8::ffff:1]:0" } }).values["node.listen"]?.port, 0);
  assert.throws(
    () => resolve({ text: "[node]\nadvertise = '8.8.4.4:0'\n" }),
    refusal("ERR_CONFIG_VALUE", /^node.advertise in byway.toml must be an IP address and port from 1 to 65535/),
  );
});

test("what is no TOML is told by line and column", () => {
  assert.throws(
    () => resolve({ text: 'data = "x"\nhops =\n' }),
    refusal("ERR_CONFIG_FILE", /^byway\.toml:2:\d+ is not TOML: [^\n]+$/, { line: 2 }),
  );
});

test("a bad value names its place and what is wanted, and is not repeated", () => {
  const form = "must be a whole number from 1 to 5";
  assert.throws(
    () => resolve({ text: "[client]\nhops = 77\n" }),
    refusal("ERR_CONFIG_VALUE", new RegExp(`^client.hops in byway.toml ${form}$`)),
  );
  assert.throws(
    () => resolve({ environment: { BYWAY_CLIENT_HOPS: "77" } }),
    refusal("ERR_CONFIG_VALUE", new RegExp(`^BYWAY_CLIENT_HOPS ${form}$`)),
  );
  assert.throws(
    () => resolve({ flags: { "client.hops": "77" } }),
    refusal("ERR_USAGE_ARGUMENT", new RegExp(`^--hops ${form}$`)),
  );
});

test("a bad value is told even where a stronger source covers it", () => {
  assert.throws(
    () => resolve({ text: "[client]\nhops = 77\n", flags: { "client.hops": "2" } }),
    refusal("ERR_CONFIG_VALUE", /^client.hops in byway.toml/),
  );
});

test("a variable that looks like a setting is told with the nearest and is no error", () => {
  const { unknownVariables } = resolve({ environment: { BYWAY_CLIENT_HOP: "2", BYWAY_CONFIG: "x", PATH: "y" } });
  assert.deepEqual(unknownVariables, [{ name: "BYWAY_CLIENT_HOP", nearest: "BYWAY_CLIENT_HOPS" }]);
});

test("all mistakes of a file, the environment and the flags are told at once, each by its name", () => {
  const text = "[client]\nhops = 9\nhopz = 1\n[node]\nrelay = 'yes'\n";
  const environment = { BYWAY_LOG_LEVEL: "loud" };
  const flags = { "client.listen": "nowhere" };
  assert.throws(
    () => resolve({ text, environment, flags }),
    (error: BywayError) => {
      assert.match(error.message, /no known key client\.hopz/);
      const others = error.data.others as unknown as { code: string; message: string }[];
      assert.deepEqual(others.map(({ code }) => code).sort(), [
        "ERR_CONFIG_VALUE",
        "ERR_CONFIG_VALUE",
        "ERR_CONFIG_VALUE",
        "ERR_USAGE_ARGUMENT",
      ]);
      for (const name of [/client\.hops in byway\.toml/, /node\.relay in/, /BYWAY_LOG_LEVEL/, /--listen/])
        assert.ok(others.some(({ message }) => name.test(message)));
      return true;
    },
  );
});
