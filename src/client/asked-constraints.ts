import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { splitUserName } from "../ingress/split-user-name.ts";
import { parseConstraints, readConstraints } from "../routing/constraint-keys.ts";
import { CONSTRAINT_KEYS, type ConstraintKey, constraintKey } from "../routing/constraint-table.ts";
import type { Constraints } from "../routing/constraints.ts";

const SHOWN_CHARS = 40;
const FIELDS: readonly string[] = CONSTRAINT_KEYS.map(({ field }) => field);
/** The types of the fields that are neither text nor lists. */
const TYPES: Readonly<Record<string, string>> = {
  hops: "number",
  sessionSec: "number",
  minTrust: "number",
  maxMicroUsdcPerGiB: "bigint",
  strict: "boolean",
  stickyAsn: "boolean",
};

/**
 * What a caller of the library asks for, in any of its forms:
 *
 *     { countries: ["de"], hops: 3 }      Constraints
 *     country=de, hops=3                  the text of `parseConstraints`
 *     country-de-hops-3                   the parameters of a user name (docs/parameters.md), without a user
 *
 * Values are normalised as those of a user name are. Throws ERR_PARAMETER_UNKNOWN for a name that is none, ERR_PARAMETER_VALUE
 * for a value of another type or form, and ERR_USAGE_ARGUMENT for anything else than text or a plain object.
 */
export function askedConstraints(asked: unknown): Constraints {
  if (asked === undefined) return {};
  if (typeof asked === "string") return fromText(asked.trim());
  if (!isPlainObject(asked)) {
    throw new BywayError(
      "ERR_USAGE_ARGUMENT",
      `the constraints must be text such as "country=de" or an object such as { countries: ["de"] }, not ${kindOf(asked)}`,
    );
  }
  let constraints: Constraints = {};
  for (const [field, value] of Object.entries(asked)) {
    const row = CONSTRAINT_KEYS.find((one) => one.field === field) ?? unknownField(field);
    if (value !== undefined) constraints = { ...constraints, ...readField(row, value) };
  }
  return constraints;
}

/** Whether `value` is an object literal, from whatever realm; a Map or an AbortSignal, whose entries are hidden, is none. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What `value` is, in a word for a message. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return Array.isArray(value) ? "an array" : `an object of the class ${typeof name === "string" ? name : "unknown"}`;
}

function fromText(text: string): Constraints {
  if (text === "") return {};
  if (!text.includes("=")) return fromUserName(text);
  try {
    return parseConstraints(text);
  } catch (error) {
    // `country=de,hops_3` is a form of user names only.
    try {
      return fromUserName(text);
    } catch (other) {
      throw isNoDictionary(error) ? other : error;
    }
  }
}

function isNoDictionary(error: unknown): boolean {
  return error instanceof BywayError && error.data.key === "byway-select";
}

function fromUserName(text: string): Constraints {
  const { user, parameters } = splitUserName(text, []);
  if (user === "") return readConstraints(parameters).constraints;
  const key = user.slice(0, SHOWN_CHARS);
  throw new BywayError(
    "ERR_PARAMETER_UNKNOWN",
    `the constraints begin with ${JSON.stringify(key)}, which is no parameter`,
    { data: { key } },
  );
}

function readField(row: ConstraintKey, value: unknown): Constraints {
  const text = textOf(row, value);
  const read = text === undefined ? undefined : row.read(text);
  if (read !== undefined) return read;
  const type = isList(row) ? "a list that is not empty" : `a ${typeOf(row)}`;
  throw new BywayError(
    "ERR_PARAMETER_VALUE",
    `the constraint ${row.field} must be ${type}; the parameter ${row.name} is ${row.form}`,
    { data: { key: row.field } },
  );
}

function isList({ kind }: ConstraintKey): boolean {
  return kind === "list" || kind === "name-list";
}

function typeOf({ field }: ConstraintKey): string {
  return TYPES[field] ?? "string";
}

/** The value as the parameter's text; undefined where it is of another type. */
function textOf(row: ConstraintKey, value: unknown): string | undefined {
  if (isList(row)) {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    const items: readonly unknown[] = value;
    const isItem = (item: unknown): boolean =>
      typeof item === "number" || (typeof item === "string" && !item.includes("+"));
    return items.every(isItem) ? items.join("+") : undefined;
  }
  if (typeof value !== typeOf(row)) return undefined;
  return row.print({ [row.field]: value })?.join("+");
}

function unknownField(field: string): never {
  const key = field.slice(0, SHOWN_CHARS);
  const isOption = field === "signal" || field === "allowHalfOpen";
  const nearest = constraintKey(field)?.field ?? nearestName(field, FIELDS).name;
  throw new BywayError(
    "ERR_PARAMETER_UNKNOWN",
    isOption
      ? `the constraints have no key ${key}: it belongs to the options, which come after the constraints`
      : `the constraints have no key ${JSON.stringify(key)}; the nearest known one is ${nearest}`,
    { data: isOption ? { key } : { key, nearest } },
  );
}
