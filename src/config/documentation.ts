import { SETTING_KEYS, type SettingKey, settingRow } from "./schema.ts";
import type { Setting } from "./setting.ts";
import { expectedForm } from "./value-parser.ts";

/** A value as TOML writes it. */
function toml(value: NonNullable<Setting["default"]>): string {
  if (Array.isArray(value)) return `[${value.map((item: string | number) => JSON.stringify(item)).join(", ")}]`;
  return JSON.stringify(value);
}

function defaultOf(row: Setting): string {
  if (row.defaultText !== undefined) return row.defaultText;
  return row.default === undefined ? "none" : `\`${toml(row.default)}\``;
}

/** The settings as a Markdown table. */
export function configurationTable(): string {
  const lines = [
    "| key | form | default | flag | environment | commands | what it does |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const key of SETTING_KEYS) {
    const row = settingRow(key);
    const form = `${row.list ? "list of: " : ""}${expectedForm(row)}`;
    const flag = row.flag === undefined ? "none" : `\`--${row.flag}\``;
    lines.push(
      `| \`${key}\` | ${form} | ${defaultOf(row)} | ${flag} | \`${row.environment}\` | ${row.commands.join(", ")} | ${row.docs} |`,
    );
  }
  return lines.join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

function exampleLines(key: SettingKey): string[] {
  const row = settingRow(key);
  const shown =
    row.default === undefined || (Array.isArray(row.default) && row.default.length === 0) ? row.example : row.default;
  const name = key.slice(key.indexOf(".") + 1);
  const comment = wrap(row.docs, 96);
  if (row.type === "enum" || row.type === "integer") comment.push(`Form: ${expectedForm(row)}.`);
  return [...comment.map((line) => `# ${line}`), `#${name} = ${toml(shown ?? "")}`, ""];
}

/** The commented example file: every setting once, each commented out and showing its default or an example. */
export function exampleFile(): string {
  const lines = [
    "# Configuration of Byway. Every line is commented out and shows the default or, where there is none, an example.",
    "# The environment and command-line flags go before this file; `byway config show` tells what counts and why.",
    "",
  ];
  let table = "";
  for (const key of SETTING_KEYS) {
    const keyTable = key.includes(".") ? key.slice(0, key.indexOf(".")) : "";
    if (keyTable !== table) {
      table = keyTable;
      lines.push(`[${table}]`, "");
    }
    lines.push(...exampleLines(key));
  }
  return `${lines.join("\n").trimEnd()}\n`;
}
