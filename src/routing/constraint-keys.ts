import { BywayError } from "../core/errors.ts";
import { nearestName } from "../core/nearest-name.ts";
import { plainText } from "../core/plain-text.ts";
import { formatItem, itemText, parseDictionary } from "../wire/structured-dictionary.ts";
import { CONSTRAINT_KEYS, CONSTRAINT_NAMES, type ConstraintKey, constraintKey } from "./constraint-table.ts";
import type { Constraints } from "./constraints.ts";
import { FOREIGN_NAMES, foreignMeaning, isForeignFlag } from "./foreign-parameters.ts";
import { ROUTING_LIMITS } from "./limits.ts";
import type { Parameter } from "./parameter.ts";

export type { Parameter } from "./parameter.ts";

/** What parameters ask for, and the names of those that were passed over. */
export interface ReadParameters {
  readonly constraints: Constraints;
  /** Parameters of other providers that mean nothing here; only where that is allowed. */
  readonly ignored: readonly string[];
}

/** Of the longest name, and two slips of the pen. */
const LONGEST_RESEMBLING = Math.max(...[...CONSTRAINT_NAMES, ...FOREIGN_NAMES].map((name) => name.length)) + 2;
const SHOWN_CHARS = 40;
const WORDS = /^[a-z0-9.~]+(?:_[a-z0-9.~]+)+$/i;

/** Whether `text` is the name of a parameter, of Byway's or of another provider's. */
export function isParameterName(text: string): boolean {
  return constraintKey(text) !== undefined || FOREIGN_NAMES.has(text.toLowerCase());
}

/** Whether `text` is the name of a parameter or looks like a slip of the pen for one. */
export function resemblesParameterName(text: string): boolean {
  if (isParameterName(text)) return true;
  return text.length > 3 && text.length <= LONGEST_RESEMBLING && nearest(text).edits <= (text.length > 5 ? 2 : 1);
}

/**
 * What the name of a parameter says about the words after it: a `flag` stands alone, the value of a `text` may hold `_`,
 * any other `value` may not. Undefined when `name` is none; `foreign` says whether it is another provider's.
 */
export function parameterForm(
  name: string,
): { readonly kind: "flag" | "text" | "value"; readonly foreign: boolean } | undefined {
  const row = constraintKey(name);
  if (row !== undefined) {
    const isText = row.kind === "name-list" || row.field === "session";
    return { kind: row.kind === "flag" ? "flag" : isText ? "text" : "value", foreign: false };
  }
  if (!isParameterName(name)) return undefined;
  return { kind: isForeignFlag(name.toLowerCase()) ? "flag" : "value", foreign: true };
}

/**
 * The constraints that parameters ask for. What other providers' parameters ask for and Byway has no such thing for is
 * refused, or with `lenient` passed over.
 *
 * @throws BywayError ERR_PARAMETER_UNKNOWN naming the key and the nearest known one, ERR_PARAMETER_VALUE naming the
 * key and the form of its value, ERR_PARAMETER_CONFLICT for a parameter given twice.
 */
export function readConstraints(
  parameters: readonly Parameter[],
  options: { readonly lenient?: boolean } = {},
): ReadParameters {
  const seen = new Set<string>();
  const ignored: string[] = [];
  let constraints: Constraints = {};
  const once = (name: string): void => {
    if (seen.has(name)) throw conflict(`the parameter ${name} is given twice`, name);
    seen.add(name);
  };
  for (const [at, [written, value]] of parameters.entries()) {
    const name = written.toLowerCase();
    const foreign = foreignMeaning(name, value);
    const [key, text] = foreign !== undefined && "as" in foreign ? foreign.as : ([name, value] as const);
    if (foreign === undefined || "as" in foreign) {
      const row = constraintKey(key) ?? unknown(written, parameters[at - 1]);
      once(row.name);
      constraints = { ...constraints, ...readValue(row, text) };
      continue;
    }
    once(name);
    if ("done" in foreign) continue;
    if ("refused" in foreign && options.lenient !== true) throw badValue(name, foreign.refused);
    ignored.push(name);
  }
  return { constraints, ignored };
}

/**
 * Both sets of constraints, those that were asked for before the defaults, key by key. What the defaults say of sessions
 * waits for a session, and their single hop gives way to a preset that needs more.
 */
export function mergeConstraints(defaults: Constraints, asked: Constraints): Constraints {
  const { sessionSec, strict, stickyAsn, hops, ...rest } = defaults;
  const hasSession = (asked.session ?? defaults.session) !== undefined;
  const givesWay = hops === 1 && asked.preset === "private";
  return {
    ...rest,
    ...(hops === undefined || givesWay ? {} : { hops }),
    ...(sessionSec === undefined || !hasSession ? {} : { sessionSec }),
    ...(strict === undefined || !hasSession ? {} : { strict }),
    ...(stickyAsn === undefined || !hasSession ? {} : { stickyAsn }),
    ...asked,
  };
}

/** Both sets of constraints of one request, which must agree; throws ERR_PARAMETER_CONFLICT naming the key where not. */
export function joinConstraints(a: Constraints, b: Constraints): Constraints {
  for (const { name, print } of CONSTRAINT_KEYS) {
    const [ofA, ofB] = [print(a), print(b)];
    if (ofA === undefined || ofB === undefined) continue;
    if ([...ofA].sort().join("+") !== [...ofB].sort().join("+"))
      throw conflict(`the parameter ${name} is given twice, with two values`, name);
  }
  return { ...a, ...b };
}

/** Refuses constraints that contradict each other: ERR_PARAMETER_CONFLICT. To be called after defaults were merged. */
export function checkConstraints(constraints: Constraints): void {
  const { preset, hops, session, strict, stickyAsn } = constraints;
  if (preset === "private" && hops === 1)
    throw conflict("the preset private needs two hops at least, and hops is 1", "hops");
  if (session !== undefined) return;
  if (strict === true) throw conflict("strict is given without a session", "strict");
  if (stickyAsn === true) throw conflict("sticky-asn is given without a session", "sticky-asn");
}

/**
 * Reads constraints from their text, a dictionary of RFC 9651: `country=us, city=("new york" boston), hops=3, strict`.
 * Contradictions are not looked for (`checkConstraints`). Throws what `readConstraints` throws.
 */
export function parseConstraints(text: string): Constraints {
  return readConstraints(parseParameters(text)).constraints;
}

/** The parameters of such a text; throws ERR_PARAMETER_VALUE when it is none. Lists are joined by `+`. */
export function parseParameters(text: string): readonly Parameter[] {
  const members = parseDictionary(text, {
    maxChars: ROUTING_LIMITS.maxSelectChars.value,
    maxMembers: CONSTRAINT_NAMES.length,
    maxItems: ROUTING_LIMITS.maxListed.value,
  });
  if (members === undefined)
    throw new BywayError(
      "ERR_PARAMETER_VALUE",
      'the constraints are no dictionary (RFC 9651) such as: country=us, city="new york", sesstime="30s", hops=3, strict',
      { data: { key: "byway-select" } },
    );
  return [...members].map(([key, value]) => {
    if (!("kind" in value)) return [key, value.map((item) => itemText(item) ?? "").join("+")];
    if (value.text === "?1" && value.kind === "other") return [key, undefined];
    return [key, value.text === "?0" && value.kind === "other" ? "false" : (itemText(value) ?? "")];
  });
}

/** Constraints as the text that `parseConstraints` reads back; "" for none. */
export function printConstraints(constraints: Constraints): string {
  const members: string[] = [];
  for (const { name, kind, print } of CONSTRAINT_KEYS) {
    const values = print(constraints);
    if (values === undefined) continue;
    const [first = "", ...more] = values.map(printItem);
    const value = more.length === 0 ? first : `(${[first, ...more].join(" ")})`;
    const key = name.toLowerCase();
    members.push(kind !== "flag" ? `${key}=${value}` : value === "true" ? key : `${key}=?0`);
  }
  return members.join(", ");
}

/** Short numbers as such, everything else as RFC 9651 can hold it. */
function printItem(text: string): string {
  return /^(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,3})?$/.test(text) ? text : formatItem(text);
}

function readValue(row: ConstraintKey, text: string | undefined): Constraints {
  if (row.kind !== "flag" && (text === undefined || text === "")) throw badValue(row.name, "has no value");
  return row.read(text ?? "") ?? raise(badValue(row.name, `${row.hint?.(text ?? "") ?? ""}must be ${row.form}`));
}

function unknown(written: string, before: Parameter | undefined): never {
  // The name goes into headers and onto terminals, whoever wrote it.
  const key = plainText(written.slice(0, SHOWN_CHARS).toWellFormed());
  const closest = nearest(written).name;
  const meant = cutValue(written, before) ?? closest;
  throw new BywayError("ERR_PARAMETER_UNKNOWN", `unknown parameter ${JSON.stringify(key)}: did you mean ${meant}?`, {
    data: { key, nearest: closest },
  });
}

/** `city-new-york`: a word that resembles no name, after a value that may be longer, is its end cut off by a hyphen. */
function cutValue(word: string, [key, value = ""]: Parameter = ["", undefined]): string | undefined {
  if (parameterForm(key)?.kind !== "text" || resemblesParameterName(word)) return undefined;
  const whole = `${value}_${word}`;
  return whole.length <= SHOWN_CHARS && WORDS.test(whole) ? `${whole} as the ${constraintKey(key)?.name}` : undefined;
}

function nearest(name: string): { readonly name: string; readonly edits: number } {
  const found = nearestName(name.slice(0, SHOWN_CHARS), CONSTRAINT_NAMES);
  return { name: constraintKey(found.name)?.name ?? found.name, edits: found.edits };
}

function badValue(key: string, what: string): BywayError {
  return new BywayError("ERR_PARAMETER_VALUE", `the parameter ${key} ${what}`, { data: { key } });
}

function conflict(what: string, key: string): BywayError {
  return new BywayError("ERR_PARAMETER_CONFLICT", what, { data: { key } });
}

function raise(error: BywayError): never {
  throw error;
}
