import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationTable, exampleFile } from "./documentation.ts";
import { resolveSettings } from "./resolve-settings.ts";
import { SETTING_KEYS, settingRow } from "./schema.ts";

function resolveText(text: string): ReturnType<typeof resolveSettings> {
  return resolveSettings({ homeDirectory: "/home/one", defaults: { data: "/data" }, file: { path: "example", text } });
}

test("the example file changes nothing as it is", () => {
  const { origins } = resolveText(exampleFile());
  for (const key of SETTING_KEYS) assert.equal(origins[key].layer, "default", key);
});

test("the example file with its comments taken off sets every setting", () => {
  const { origins } = resolveText(exampleFile().replaceAll(/^#(?=[a-z-]+ = |\[\[)/gm, ""));
  for (const key of SETTING_KEYS) assert.equal(origins[key].layer, "file", key);
});

test("the table has a row for every setting", () => {
  const table = configurationTable();
  for (const key of SETTING_KEYS) assert.ok(table.includes(`| \`${key}\` |`), key);
});

test("no two settings share a variable, nor a flag within one command", () => {
  const variables = SETTING_KEYS.map((key) => settingRow(key).environment);
  assert.equal(new Set(variables).size, variables.length);
  for (const group of ["node", "up", "env", "data", "geo"] as const) {
    const flags = SETTING_KEYS.map(settingRow)
      .filter((row) => row.flag !== undefined && (row.groups.includes(group) || row.groups.includes("every")))
      .map((row) => row.flag);
    assert.equal(new Set(flags).size, flags.length, group);
  }
});

test("a variable is named after its key", () => {
  for (const key of SETTING_KEYS) {
    assert.equal(settingRow(key).environment, `BYWAY_${key.toUpperCase().replaceAll(/[.-]/g, "_")}`);
  }
});
