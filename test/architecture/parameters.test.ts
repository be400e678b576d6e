import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseUserName } from "../../src/ingress/username-parameters.ts";
import { CONSTRAINT_KEYS } from "../../src/routing/constraint-table.ts";

const PAGE = readFileSync(new URL("../../docs/parameters.md", import.meta.url), "utf8");
const rows = (heading: string): readonly (readonly string[])[] =>
  (PAGE.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => /^\| (?!-)/.test(line))
    .slice(1)
    .map((line) => line.split("|").map((cell) => cell.trim()));
const code = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);

test("the page of parameters has every key, with its other names and its flag, and no others", () => {
  assert.deepEqual(
    rows("Keys").map(([, key = "", also = "", , flag = ""]) => [code(key), code(also), code(flag)]),
    CONSTRAINT_KEYS.map(({ name, aliases, option }) => [[name], aliases, [`--${option}`]]),
  );
});

test("the user names that the page shows are understood", () => {
  const examples = rows("Forms of the user name").map(([, provider = "", example = ""]) => [
    provider,
    code(example)[0],
  ]);
  assert.ok(examples.length > 10);
  for (const [provider, example = ""] of examples) {
    const [userName, password] = provider?.includes("password") ? ["ann", example] : [example, ""];
    assert.ok(Object.keys(parseUserName(userName ?? "", password ?? "").constraints).length > 0, example);
  }
});
