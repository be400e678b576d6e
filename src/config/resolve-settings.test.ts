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
] as const) {
  test(`an unknown key names the nearest: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => resolve({ text }),
      refusal("ERR_CONFIG_UNKNOWN_KEY", /^byway.toml has no known key/, { nearest }),
    );
  });
}

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
