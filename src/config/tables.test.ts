import assert from "node:assert/strict";
import { test } from "node:test";
import { BywayError } from "../core/errors.ts";
import { type ResolvedSettings, resolveSettings } from "./resolve-settings.ts";
import { settingRow } from "./schema.ts";
import { printValue } from "./value-parser.ts";

function resolve(text: string, environment: Readonly<Record<string, string>> = {}): ResolvedSettings {
  const file = { path: "byway.toml", text };
  return resolveSettings({ homeDirectory: "/home/one", defaults: { data: "/data" }, file, environment });
}

const TEXT = `
[client]
hops = 2

[[client.listeners]]
listen = "127.0.0.1:1081"
select = "country=us, hops=3"
lenient = true
users = ["bob:secret"]

[[client.listeners]]
listen = "[::1]:1082"

[[client.limits]]
user = "alice"
requests-per-second = 10
open-streams = 100
mib-per-day = 5

[[client.limits]]
user = "*"
`;

const LISTENERS = [
  {
    listen: { host: "127.0.0.1", port: 1081 },
    select: "country=us, hops=3",
    lenient: true,
    users: [{ name: "bob", password: "secret" }],
  },
  { listen: { host: "::1", port: 1082 } },
];

test("tables of the file become rows; a key that was not given is absent", () => {
  const { values, origins } = resolve(TEXT);
  assert.deepEqual(values["client.listeners"], LISTENERS);
  assert.deepEqual(values["client.limits"], [
    { user: "alice", "requests-per-second": 10, "open-streams": 100, "mib-per-day": 5 },
    { user: "*" },
  ]);
  assert.equal(values["client.hops"], 2);
  assert.deepEqual(origins["client.listeners"], { layer: "file", name: "byway.toml" });
  const [first] = values["client.limits"];
  // The types come from the schema: each of these lines compiles for the one, and fails to for the other.
  const perSecond: number | undefined = first?.["requests-per-second"];
  const user: string | undefined = first?.user;
  assert.deepEqual([perSecond, user], [10, "alice"]);
});

test("the environment has the same as JSON, and wins over the file", () => {
  const json = JSON.stringify([
    { listen: "127.0.0.1:1081", select: "country=us, hops=3", lenient: true, users: ["bob:secret"] },
    { listen: "[::1]:1082" },
  ]);
  const { values, origins } = resolve('[[client.listeners]]\nlisten = "127.0.0.1:9"\n', {
    BYWAY_CLIENT_LISTENERS: json,
  });
  assert.deepEqual(values["client.listeners"], LISTENERS);
  assert.deepEqual(origins["client.listeners"], { layer: "environment", name: "BYWAY_CLIENT_LISTENERS" });
});

test("a table is printed as it is written, without its secrets", () => {
  const { values } = resolve(TEXT);
  const printed = printValue(values["client.listeners"], settingRow("client.listeners"));
  assert.deepEqual(printed, [
    { listen: "127.0.0.1:1081", select: "country=us, hops=3", lenient: true, users: "[scrubbed]" },
    { listen: "[::1]:1082" },
  ]);
  const limits = printValue(values["client.limits"], settingRow("client.limits"));
  assert.deepEqual(resolve("", { BYWAY_CLIENT_LIMITS: JSON.stringify(limits) }).values, {
    ...values,
    "client.listeners": [],
    "client.hops": 1,
  });
});

const KEYS = "at most 64 tables with the keys listen, select, lenient, ask-name, users";

for (const [text, code, message] of [
  [
    '[[client.listeners]]\nlisten = "127.0.0.1:1"\nusr = ["a:b"]',
    "ERR_CONFIG_UNKNOWN_KEY",
    "byway.toml has no known key client.listeners.usr; the nearest is client.listeners.users",
  ],
  [
    '[[client.listener]]\nlisten = "127.0.0.1:1"',
    "ERR_CONFIG_UNKNOWN_KEY",
    "byway.toml has no known key client.listener; the nearest is client.listeners",
  ],
  [
    '[[client.listeners]]\nselect = "hops=2"',
    "ERR_CONFIG_VALUE",
    "listen in table 1 of client.listeners in byway.toml must be given: an IP address and port such as 127.0.0.1:1080 or [::1]:1080",
  ],
  [
    "[[client.listeners]]\nlisten = 1080",
    "ERR_CONFIG_VALUE",
    "listen in table 1 of client.listeners in byway.toml must be an IP address and port such as 127.0.0.1:1080 or [::1]:1080",
  ],
  [
    '[[client.limits]]\nuser = "a"\n[[client.limits]]\nuser = "b"\nopen-streams = 0',
    "ERR_CONFIG_VALUE",
    "open-streams in table 2 of client.limits in byway.toml must be a whole number from 1 to 1000000",
  ],
  [
    '[[client.limits]]\nuser = "a"\n[[client.limits]]\nuser = "a"',
    "ERR_CONFIG_VALUE",
    "user in table 2 of client.limits in byway.toml must be another one in each",
  ],
  ['[client.listeners]\nlisten = "127.0.0.1:1"', "ERR_CONFIG_VALUE", `client.listeners in byway.toml must be ${KEYS}`],
  ["[client]\nlisteners = [1]", "ERR_CONFIG_VALUE", `client.listeners in byway.toml must be ${KEYS}`],
  [
    `[client]\nlisteners = [${'{ listen = "127.0.0.1:0" },'.repeat(65)}]`,
    "ERR_CONFIG_VALUE",
    `client.listeners in byway.toml must be ${KEYS}`,
  ],
  [
    "[client]\nweights = [1, 2, 3]",
    "ERR_CONFIG_VALUE",
    "client.weights in byway.toml must be 4 values, each a whole number from 0 to 1000",
  ],
] as const) {
  test(`a bad table says where it is bad: ${JSON.stringify(text.slice(0, 80))}`, () => {
    assert.throws(
      () => resolve(text),
      (error) => {
        assert.ok(error instanceof BywayError);
        assert.deepEqual([error.code, error.message], [code, message]);
        return true;
      },
    );
  });
}

test("a bad variable is told without what it holds", () => {
  for (const json of ['[{"listen": "127.0.0.1:1", "users": ["hush"]}]', '[{"hush": 1}', '{"__proto__": "hush"}']) {
    assert.throws(
      () => resolve("", { BYWAY_CLIENT_LISTENERS: json }),
      (error) =>
        error instanceof BywayError && /BYWAY_CLIENT_LISTENERS/.test(error.message) && !/hush/.test(error.message),
    );
  }
  assert.throws(() => resolve("", { BYWAY_CLIENT_LISTENERS: '[{"__proto__": 1, "listen": "127.0.0.1:1"}]' }), {
    code: "ERR_CONFIG_UNKNOWN_KEY",
  });
});

test("four weights are taken in the order of the parts of a score", () => {
  assert.deepEqual(resolve("[client]\nweights = [4, 2, 2, 0]").values["client.weights"], [4, 2, 2, 0]);
  assert.deepEqual(resolve("", { BYWAY_CLIENT_WEIGHTS: "1,2,3,4" }).values["client.weights"], [1, 2, 3, 4]);
});
