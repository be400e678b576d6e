import { formatHostPort } from "../core/network-address.ts";
import { meantKey } from "./meant-key.ts";
import {
  expectedForm,
  parseFileScalar,
  parseScalar,
  type ScalarForm,
  type ScalarValue,
  ValueProblem,
} from "./scalar-parser.ts";
import type { Column, Setting } from "./setting.ts";

/** One table of a setting that has columns; an absent key was not given. */
export type TableValue = Readonly<Record<string, ScalarValue | readonly ScalarValue[]>>;

/** Any value that a setting can have. */
export type SettingValue = ScalarValue | readonly ScalarValue[] | readonly TableValue[];

/** A value as the file writes it. */
export type PrintedScalar = string | number | boolean;

/** A value or list as the file writes it. */
export type PrintedValue = PrintedScalar | readonly PrintedScalar[];

/** What a setting's value looks like, as a noun phrase. */
export function settingForm(row: Setting): string {
  if (row.columns !== undefined) {
    const most = row.maxLength === undefined ? "" : `at most ${row.maxLength} `;
    return `${most}tables with the keys ${Object.keys(row.columns).join(", ")}`;
  }
  if (!row.list) return expectedForm(row);
  return `${row.length ?? "a list of"} values, each ${expectedForm(row)}`;
}

/** A value from text: the items of a list stand between commas or what the row says, tables are written as JSON. Throws ValueProblem. */
export function parseText(text: string, row: Setting): SettingValue {
  if (row.columns !== undefined) return parseFileValue(parseJson(text, row), row);
  if (!row.list) return parseScalar(text, row);
  return ofLength(
    text.split(row.separator ?? ",").map((item) => parseScalar(item.trim(), row)),
    row,
  );
}

/** A value as a TOML document gives it. Throws ValueProblem. */
export function parseFileValue(value: unknown, row: Setting): SettingValue {
  const { columns } = row;
  if (columns === undefined) return ofLength(parseItems(value, row), row);
  if (!Array.isArray(value) || value.length > (row.maxLength ?? value.length)) throw new ValueProblem(settingForm(row));
  const problems: ValueProblem[] = [];
  const tables = value.map((item: unknown, index) => parseTable(item, row, columns, { table: index + 1, problems }));
  for (const [column, { unique }] of Object.entries(columns)) {
    const seen = new Set<unknown>();
    for (const [index, table] of tables.entries()) {
      if (!unique || table[column] === undefined) continue;
      if (seen.has(table[column])) problems.push(new ValueProblem("another one in each", { column, table: index + 1 }));
      seen.add(table[column]);
    }
  }
  const [first, ...others] = problems;
  if (first !== undefined) throw new ValueProblem(first.message, first.place, others);
  return tables;
}

function parseItems(value: unknown, row: ScalarForm): ScalarValue | readonly ScalarValue[] {
  if (!row.list) return parseFileScalar(value, row);
  if (!Array.isArray(value)) throw new ValueProblem(`a list of values, each ${expectedForm(row)}`);
  return value.map((item: unknown) => parseFileScalar(item, row));
}

function ofLength<T>(value: T, row: Setting): T {
  if (row.length !== undefined && Array.isArray(value) && value.length !== row.length)
    throw new ValueProblem(settingForm(row));
  return value;
}

function parseJson(text: string, row: Setting): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ValueProblem(`a JSON array of ${settingForm(row)}`);
  }
}

/** A table as far as it can be read; what cannot be read is noted in `problems`. */
function parseTable(
  item: unknown,
  row: Setting,
  columns: Readonly<Record<string, Column>>,
  { table, problems }: { readonly table: number; readonly problems: ValueProblem[] },
): TableValue {
  if (typeof item !== "object" || item === null || Array.isArray(item) || item instanceof Date)
    throw new ValueProblem(settingForm(row));
  const parsed: Record<string, ScalarValue | readonly ScalarValue[]> = {};
  const given = new Map<string, unknown>(Object.entries(item));
  const meant = new Set<string>();
  for (const column of given.keys()) {
    if (Object.hasOwn(columns, column)) continue;
    const nearest = meantKey(column, Object.keys(columns));
    meant.add(nearest);
    problems.push(new ValueProblem(settingForm(row), { column, table, nearest }));
  }
  for (const [column, form] of Object.entries(columns)) {
    if (!given.has(column)) {
      if (form.required === true && !meant.has(column))
        problems.push(new ValueProblem(`given: ${expectedForm(form)}`, { column, table }));
      continue;
    }
    try {
      parsed[column] = parseItems(given.get(column), form);
    } catch (cause) {
      if (!(cause instanceof ValueProblem)) throw cause;
      problems.push(new ValueProblem(cause.message, { column, table }));
    }
  }
  return parsed;
}

function printScalar(value: ScalarValue): PrintedScalar {
  if (typeof value !== "object") return value;
  return "port" in value ? formatHostPort(value) : `${value.name}:${value.password}`;
}

function printItems(value: ScalarValue | readonly ScalarValue[], secret: boolean): PrintedValue {
  if (secret && !(Array.isArray(value) && value.length === 0)) return "[scrubbed]";
  return Array.isArray(value) ? value.map((item: ScalarValue) => printScalar(item)) : printScalar(value as ScalarValue);
}

/** A value in the form that the file uses; what is secret as `[scrubbed]`. Undefined when it is not set. */
export function printValue(
  value: SettingValue | undefined,
  row: Setting,
): PrintedValue | readonly Readonly<Record<string, PrintedValue>>[] | undefined {
  if (value === undefined) return undefined;
  const { columns } = row;
  if (columns === undefined) return printItems(value as ScalarValue | readonly ScalarValue[], row.secret === true);
  return (value as readonly TableValue[]).map((table) =>
    Object.fromEntries(
      Object.entries(table).map(([column, items]) => [column, printItems(items, columns[column]?.secret === true)]),
    ),
  );
}
