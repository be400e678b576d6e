import type { Constraints } from "../routing/constraints.ts";
import { isParameterName, type Parameter, readParameters, resemblesParameterName } from "./parameters.ts";

/** What a user name and password say. */
export interface UserNameMeaning {
  /** The id of the user; "" when the name gives parameters only. */
  readonly user: string;
  readonly constraints: Constraints;
}

/** A user name taken apart, before its parameters are understood. */
export interface SplitUserName {
  readonly user: string;
  readonly parameters: readonly Parameter[];
}

/**
 * Reads a user name and password in one of the forms that proxy users know.
 *
 *     user-<id>-country-us-hops-3      the canonical form
 *     country-us-hops-3                without an id
 *     alice                            an id alone
 *     alice,country=us,hops_3          items of key=value or key_value, the id first or as user_<id>
 *     <password>_country-us_hops-3     parameters appended to the password, which may be empty
 *
 * `password` is read for parameters only, never checked. Keys ignore case; `country-us+de` is a list.
 * @throws BywayError ERR_PARAMETER_UNKNOWN, ERR_PARAMETER_VALUE or ERR_PARAMETER_CONFLICT; nothing is ever ignored.
 */
export function parseUserName(userName: string, password: string): UserNameMeaning {
  const { user, parameters } = splitUserName(userName, []);
  return { user, constraints: readParameters([...parameters, ...guessPasswordParameters(password)]) };
}

/**
 * Takes a user name apart without judging its parameters. `names` are the ids that are known: they are recognised
 * without `user-` before them, and with `-` in them. Never throws.
 */
export function splitUserName(userName: string, names: readonly string[]): SplitUserName {
  const known = names.filter((name) => beginsWithName(userName, name)).sort((a, b) => b.length - a.length)[0];
  if (known !== undefined) return withRest(known, userName.slice(known.length));
  if (userName.toLowerCase().startsWith("user-")) {
    const after = userName.slice("user-".length);
    const id = names.filter((name) => beginsWithName(after, name)).sort((a, b) => b.length - a.length)[0];
    const user = id ?? after.split(/[-,]/, 1)[0] ?? "";
    return withRest(user, after.slice(user.length));
  }
  return hasItems(userName) ? splitItems(userName, names) : splitDashes(userName);
}

/** The parameters in `_key-value_key-value`, as they are appended to a password. */
export function splitPasswordParameters(appended: string): readonly Parameter[] {
  return appended
    .split("_")
    .slice(1)
    .map((part) => pair(part, "-"));
}

/** With no password to compare with, only what looks like parameters can be told from a password with `_` in it. */
function guessPasswordParameters(password: string): readonly Parameter[] {
  const at = password.indexOf("_");
  if (at === -1) return [];
  const parameters = splitPasswordParameters(password.slice(at));
  return parameters.some(([key, value]) => value !== undefined && resemblesParameterName(key)) ? parameters : [];
}

function beginsWithName(userName: string, name: string): boolean {
  return userName.startsWith(name) && ["", "-", ","].includes(userName.charAt(name.length));
}

/** `rest` begins with the separator that decides the form. */
function withRest(user: string, rest: string): SplitUserName {
  if (rest === "") return { user, parameters: [] };
  const parameters = rest.startsWith(",") ? rest.slice(1).split(",").map(item) : dashPairs(rest.slice(1));
  return { user, parameters };
}

function hasItems(userName: string): boolean {
  if (/[,=]/.test(userName)) return true;
  const [key = "", value] = userName.split("_", 2);
  return value !== undefined && !userName.includes("-") && resemblesParameterName(key);
}

function splitItems(userName: string, names: readonly string[]): SplitUserName {
  const items = userName.split(",");
  const [first = ""] = items;
  const [key, value] = item(first);
  if (key.toLowerCase() === "user") return { user: value ?? "", parameters: items.slice(1).map(item) };
  if (value === undefined && (names.length > 0 || !isParameterName(key)))
    return { user: first, parameters: items.slice(1).map(item) };
  return { user: "", parameters: items.map(item) };
}

function splitDashes(userName: string): SplitUserName {
  if (!userName.includes("-") && !isParameterName(userName)) return { user: userName, parameters: [] };
  return { user: "", parameters: dashPairs(userName) };
}

function dashPairs(text: string): readonly Parameter[] {
  const words = text.split("-");
  return Array.from({ length: Math.ceil(words.length / 2) }, (_, n) => [words[2 * n] ?? "", words[2 * n + 1]] as const);
}

function item(text: string): Parameter {
  return pair(text, text.includes("=") ? "=" : "_");
}

function pair(text: string, separator: string): Parameter {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
