import { expectedForm } from "./scalar-parser.ts";
import { SETTING_KEYS, type SettingKey, settingRow } from "./schema.ts";
import type { Column, Setting, SettingGroup, ShownValue } from "./setting.ts";
import { settingForm } from "./value-parser.ts";

/** A value as TOML writes it. */
function toml(value: ShownValue): string {
  if (Array.isArray(value)) return `[${value.map((item: string | number) => JSON.stringify(item)).join(", ")}]`;
  return JSON.stringify(value);
}

function defaultOf(row: Setting): string {
  if (row.defaultText !== undefined) return row.defaultText;
  return row.default === undefined ? "none" : `\`${toml(row.default)}\``;
}

/** The commands of groups that are no command, or more than one. */
const COMMANDS: Readonly<Partial<Record<SettingGroup, readonly string[]>>> = {
  network: ["network", "peers", "pick"],
  data: ["keys", "requests"],
};

function commandsOf({ groups }: Setting): string {
  return groups.flatMap((group) => COMMANDS[group] ?? [group]).join(", ");
}

/** The settings as a Markdown table. */
export function configurationTable(): string {
  const lines = [
    "| key | form | default | flag | environment | commands | what it does |",
    "|---|---|---|---|---|---|---|",
  ];
  for (const key of SETTING_KEYS) {
    const row = settingRow(key);
    const form = row.columns === undefined ? formOf(row) : settingForm(row);
    const flag = row.flag === undefined ? "none" : `\`--${row.flag}\``;
    lines.push(
      `| \`${key}\` | ${form} | ${defaultOf(row)} | ${flag} | \`${row.environment}\` | ${commandsOf(row)} | ${row.docs} |`,
    );
    for (const [name, column] of Object.entries(row.columns ?? {})) {
      const fallback = column.required ? "must be given" : "none";
      lines.push(
        `| \`${key}[].${name}\` | ${formOf(column)} | ${fallback} | none | in the above | ${commandsOf(row)} | ${column.docs} |`,
      );
    }
  }
  return lines.join("\n");
}

function formOf(row: Setting | Column): string {
  const count = "length" in row && row.length !== undefined ? `${row.length} of: ` : "list of: ";
  return `${row.list ? count : ""}${expectedForm(row)}`;
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

function exampleTable(key: SettingKey, row: Setting): string[] {
  const lines = [...wrap(row.docs, 96).map((line) => `# ${line}`), `#[[${key}]]`];
  for (const [name, column] of Object.entries(row.columns ?? {}))
    lines.push(...wrap(column.docs, 96).map((line) => `# ${line}`), `#${name} = ${toml(column.example)}`);
  return [...lines, ""];
}

function exampleLines(key: SettingKey): string[] {
  const row = settingRow(key);
  if (row.columns !== undefined) return exampleTable(key, row);
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
