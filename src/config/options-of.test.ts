import assert from "node:assert/strict";
import { test } from "node:test";
import { optionsOf } from "./options-of.ts";
import { resolveSettings } from "./resolve-settings.ts";
import { SETTING_KEYS, settingRow } from "./schema.ts";

const { values } = resolveSettings({
  homeDirectory: "/home/a",
  defaults: { data: "/data" },
  environment: {},
  flags: { "node.log-days": "7", "node.max-streams": "9", "node.country": "DE" },
});

test("a group of options has the values of the settings that name them, and no others", () => {
  assert.deepEqual(optionsOf(values, "log"), { mode: "required", days: 7, mib: 1024 });
  const { maxStreams, streamsPerSecond } = optionsOf(values, "streamLimits");
  assert.deepEqual([maxStreams, streamsPerSecond], [9, 500]);
  const { country, city } = optionsOf(values, "claims");
  assert.deepEqual([country, city], ["de", undefined]);
});

test("no two settings set one option", () => {
  const options = SETTING_KEYS.flatMap((key) => settingRow(key).option ?? []);
  assert.equal(new Set(options).size, options.length);
  assert.ok(options.length > 40);
});
