import { parse, type TomlError } from "smol-toml";
import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { meantKey } from "./meant-key.ts";
import { Mistakes } from "./mistakes.ts";
import { parseScalar, ValueProblem } from "./scalar-parser.ts";
import { isSettingKey, SETTING_KEYS, type SettingKey, type Settings, settingRow } from "./schema.ts";
import type { Setting } from "./setting.ts";
import type { ConfigFile, ConfigSources, FlagValue, Origin } from "./sources.ts";
import { parseFileValue, parseText, type SettingValue } from "./value-parser.ts";

/** Every setting, where each came from, and the variables that look like settings and are none. */
export interface ResolvedSettings {
  readonly values: Settings;
  readonly origins: Readonly<Record<SettingKey, Origin>>;
  /** `BYWAY_…` variables that nothing reads, each with the nearest that is read; no error, since schedulers make such names. */
  readonly unknownVariables: readonly { readonly name: string; readonly nearest: string }[];
}

/** Variables of Byway that are no settings. */
const OTHER_VARIABLES = ["BYWAY_CONFIG"];

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Names of tables in which settings stand. */
const GROUPS: readonly string[] = [
  ...new Set(SETTING_KEYS.flatMap((key) => (key.includes(".") ? [key.slice(0, key.lastIndexOf("."))] : []))),
];

function flatten(table: Readonly<Record<string, unknown>>, prefix: string, into: Map<string, unknown>): void {
  for (const [key, value] of Object.entries(table)) {
    const name = `${prefix}${key}`;
    // One table where a list of them belongs, or an empty one, is a bad value, and no key that nobody knows.
    const isEmpty = isTable(value) && Object.keys(value).length === 0;
    const isValue = isSettingKey(name)
      ? isEmpty || settingRow(name).columns !== undefined
      : isEmpty && !GROUPS.includes(name);
    if (isTable(value) && !isValue) flatten(value, `${name}.`, into);
    else into.set(name, value);
  }
}

function tomlPosition(error: unknown): { line: number; column: number; reason: string } {
  const { line, column, message } = error as TomlError;
  const reason = (message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
  return { line: line ?? 0, column: column ?? 0, reason };
}

function parseFile(file: ConfigFile, mistakes: Mistakes): Map<string, unknown> {
  const found = new Map<string, unknown>();
  try {
    flatten(parse(file.text), "", found);
  } catch (cause) {
    const { line, column, reason } = tomlPosition(cause);
    throw new BywayError("ERR_CONFIG_FILE", `${file.path}:${line}:${column} is not TOML: ${reason}`, {
      data: { path: file.path, line, column },
      cause,
    });
  }
  for (const [key, value] of found) {
    if (isSettingKey(key)) continue;
    const known = meantKey(key, isTable(value) ? [...SETTING_KEYS, ...GROUPS] : SETTING_KEYS);
    const message = `${file.path} has no known key ${key}; the nearest is ${known}`;
    mistakes.add(
      new BywayError("ERR_CONFIG_UNKNOWN_KEY", message, { data: { path: file.path, key, nearest: known } }),
      { key },
    );
  }
  return found;
}

function expandHome(value: SettingValue, row: Setting, homeDirectory: string | undefined): SettingValue {
  if (row.type !== "path") return value;
  const expand = (path: string): string => {
    if (path !== "~" && !path.startsWith("~/")) return path;
    if (homeDirectory === undefined) throw new ValueProblem("a path without ~, as no home directory is known");
    return `${homeDirectory}${path.slice(1)}`;
  };
  return Array.isArray(value) ? (value as string[]).map(expand) : expand(value as string);
}

function fromFlag(value: FlagValue, row: Setting): SettingValue {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return parseText(value, row);
  // A path may hold a comma, so a list of paths is written by repeating its flag.
  return value.flatMap((text) => (row.type === "path" ? parseScalar(text, row) : (parseText(text, row) as never[])));
}

function parsed(
  key: SettingKey,
  origin: Origin,
  mistakes: Mistakes,
  read: () => SettingValue,
): SettingValue | undefined {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ValueProblem)) throw cause;
    for (const problem of [cause, ...cause.others])
      mistakes.addUnread(problemError(key, origin, problem), key, problem.place?.table);
    return undefined;
  }
}

function problemError(key: SettingKey, origin: Origin, { place, message }: ValueProblem): BywayError {
  if (place?.nearest !== undefined) {
    const known = `${key}.${place.nearest}`;
    const name = `${key}.${place.column}`;
    return new BywayError(
      "ERR_CONFIG_UNKNOWN_KEY",
      `${origin.name} has no known key ${name}; the nearest is ${known}`,
      { data: { path: origin.name ?? "", key: name, nearest: known } },
    );
  }
  const isFlag = origin.layer === "flag";
  const inTable = place === undefined ? "" : `${place.column} in table ${place.table} of `;
  const where = origin.layer === "file" ? `${key} in ${origin.name}` : `${origin.name}`;
  return new BywayError(isFlag ? "ERR_USAGE_ARGUMENT" : "ERR_CONFIG_VALUE", `${inTable}${where} must be ${message}`, {
    data: { key, expected: message },
  });
}

function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
): ResolvedSettings["unknownVariables"] {
  const known = [...SETTING_KEYS.map((key) => settingRow(key).environment), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith("BYWAY_") && !known.includes(name))
    .map((name) => ({ name, nearest: nearestName(name, known).name }));
}

/**
 * Lays the sources one over the other: default < file < environment < flag. Pure.
 *
 * Throws ERR_CONFIG_FILE (not TOML), ERR_CONFIG_UNKNOWN_KEY and ERR_CONFIG_VALUE (file, environment), and
 * ERR_USAGE_ARGUMENT (flag); where there are several, the first, with the others in `data.others`. An empty variable counts
 * as unset. Messages never repeat the value. If the caller hands in `gathered`, mistakes are noted there, and a value that cannot
 * be read is that of the layer below.
 */
export function resolveSettings(sources: ConfigSources, gathered?: Mistakes): ResolvedSettings {
  const mistakes = gathered ?? new Mistakes();
  const file = sources.file === undefined ? new Map<string, unknown>() : parseFile(sources.file, mistakes);
  const values: Partial<Record<SettingKey, SettingValue | undefined>> = {};
  const origins: Partial<Record<SettingKey, Origin>> = {};
  for (const key of SETTING_KEYS) {
    const row = settingRow(key);
    const layers: [Origin, () => SettingValue][] = [];
    const fallback = key === "data" ? sources.defaults.data : row.default;
    if (fallback !== undefined) {
      layers.push([{ layer: "default", name: undefined }, () => parseFileValue(fallback, row)]);
    }
    if (file.has(key)) {
      layers.push([{ layer: "file", name: sources.file?.path }, () => parseFileValue(file.get(key), row)]);
    }
    const variable = sources.environment?.[row.environment];
    if (variable !== undefined && variable !== "") {
      layers.push([{ layer: "environment", name: row.environment }, () => parseText(variable, row)]);
    }
    const flag = sources.flags?.[key];
    if (flag !== undefined) layers.push([{ layer: "flag", name: `--${row.flag}` }, () => fromFlag(flag, row)]);
    origins[key] = { layer: "default", name: undefined };
    // All layers are read, so that an error in a covered one is told before it is uncovered.
    for (const [origin, read] of layers) {
      const value = parsed(key, origin, mistakes, () => expandHome(read(), row, sources.homeDirectory));
      if (value !== undefined) values[key] = value;
      origins[key] = origin;
    }
  }
  if (gathered === undefined) mistakes.throwIfAny();
  return {
    values: values as Settings,
    origins: origins as Record<SettingKey, Origin>,
    unknownVariables: unknownVariables(sources.environment ?? {}),
  };
}
