import assert from "node:assert/strict";
import { test } from "node:test";
import { meantKey } from "./meant-key.ts";
import { SETTING_KEYS } from "./schema.ts";

const COLUMNS = ["name", "source", "refresh-hours", "except"];

for (const [key, names, meant] of [
  ["from", COLUMNS, "source"],
  ["url", COLUMNS, "source"],
  ["path", COLUMNS, "source"],
  ["file", COLUMNS, "source"],
  ["nmae", COLUMNS, "name"],
  ["sorce", COLUMNS, "source"],
  ["interval", COLUMNS, "refresh-hours"],
  ["refresh_hour", COLUMNS, "refresh-hours"],
  ["whitelist", COLUMNS, "except"],
  ["bind", ["listen", "users"], "listen"],
  ["client.hopz", SETTING_KEYS, "client.hops"],
  ["node.rules", SETTING_KEYS, "node.policy"],
  ["node.dns", SETTING_KEYS, "node.dns-servers"],
  ["client.auth", SETTING_KEYS, "client.users"],
  ["client.policy", SETTING_KEYS, "node.policy"],
  ["x", [], ""],
] as const) {
  test(`${key} means ${meant || "nothing"} among ${names.length} keys`, () => {
    assert.equal(meantKey(key, names), meant);
  });
}
