import { type Command, Option } from "commander";
import { SETTING_KEYS, type SettingKey, settingRow } from "../config/schema.ts";
import type { Setting, SettingGroup } from "../config/setting.ts";
import type { FlagValue } from "../config/sources.ts";

const METAVARS: Readonly<Record<Setting["type"], string>> = {
  text: "text",
  path: "path",
  integer: "n",
  boolean: "",
  "host:port": "host:port",
  "ip:port": "ip:port",
  ip: "ip",
  "name-server": "ip[:port]",
  country: "cc",
  "name:password": "name:password",
  multiaddr: "multiaddr",
  enum: "name",
  table: "",
};

/** Adds `value` to what a repeatable option was given before. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function option(key: SettingKey): Option | undefined {
  const row = settingRow(key);
  if (row.flag === undefined) return undefined;
  const metavar = row.values?.join(row.list ? "," : "|") ?? METAVARS[row.type];
  const made = new Option(`--${row.flag}${metavar === "" ? "" : ` <${metavar}>`}`, describe(row));
  return row.list ? made.argParser(collect) : made;
}

function describe(row: Setting): string {
  const repeats = row.list && row.values === undefined ? " May be repeated." : "";
  const shown =
    row.defaultText ??
    (Array.isArray(row.default) ? row.default.join(row.separator ?? ",") : String(row.default ?? ""));
  return `${row.docs}${repeats}${shown === "" || shown === "false" ? "" : ` (default: ${shown})`}`;
}

function keysOf(name: SettingGroup): readonly SettingKey[] {
  return SETTING_KEYS.filter((key) => settingRow(key).groups.includes(name));
}

/** Gives `command` the flags of every setting that serves `name`. */
export function addSettingOptions(command: Command, name: SettingGroup): Command {
  for (const key of keysOf(name)) {
    const made = option(key);
    if (made !== undefined) command.addOption(made);
  }
  return command;
}

/** The setting flags that `command` was given on this command line. */
export function givenFlags(command: Command, name: SettingGroup): Readonly<Partial<Record<SettingKey, FlagValue>>> {
  const given = command.optsWithGlobals<Readonly<Record<string, FlagValue>>>();
  const flags: Partial<Record<SettingKey, FlagValue>> = {};
  for (const key of [...keysOf("every"), ...keysOf(name)]) {
    const attribute = option(key)?.attributeName();
    const value = attribute === undefined ? undefined : given[attribute];
    if (value !== undefined) flags[key] = value;
  }
  return flags;
}
