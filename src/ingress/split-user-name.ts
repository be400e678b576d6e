import { isParameterName, parameterForm, resemblesParameterName } from "../routing/constraint-keys.ts";
import type { Parameter } from "../routing/parameter.ts";

/** A user name taken apart, before its parameters are understood. */
export interface SplitUserName {
  /** "" when there is none. */
  readonly user: string;
  readonly parameters: readonly Parameter[];
}

const PREFIX = /^(?:brd-customer-|customer-|user-)/i;
const BOOLEAN = /^(?:true|false|yes|no|on|off|0|1)$/i;
const NETNUT_NETWORK = /^(?:res|mob|dc)$/i;
const NETNUT_COUNTRY = /^(?:[a-z]{2}|any)$/i;
/** So many words hold a name that is unknown or twice there: what comes after them changes nothing, and need not be read. */
const MOST_WORDS = 1_024;
const LONGEST_GOING_ON = 128;
/** Names that one provider alone shortens so far. */
const SELLER_NAMES: Readonly<Record<string, string>> = { c: "country", s: "session" };

/**
 * Takes a user name apart without judging its parameters. `names` are the ids that are known. Never throws. The first line
 * that fits decides; `id` is a known one, the longest that fits, or else the first word.
 *
 *     begins with a known id, and a separator or nothing follows       id, then as the separator says
 *     user-ID…  customer-ID…  brd-customer-ID…                         id, then as the separator says
 *     auto                                                             nothing
 *     ID__cr.fr;sessttl.60                                             key.value by `;`
 *     country=us,hops_3   ID,session-x   user_ID,type_residential      items by `,`: key=value, key_value, key-value
 *     ID_c_US_city_New-York_s_100                                      key_value by `_`, after c, s or a known key
 *     country-us-hops-3-strict                                         key-value by `-`; a flag has no value
 *     ID-country-us   ID-res-us-sid-1                                  id, then as `-` says
 *     ID                                                               an id alone
 *
 * After an id: `,` items · `__` key.value · `_` key_value · `-` kind and country (`res-us`), if they are such, then key-value.
 */
export function splitUserName(userName: string, names: readonly string[]): SplitUserName {
  const known = longestName(userName, names);
  if (known !== undefined) return withRest(known, userName.slice(known.length));
  const prefix = PREFIX.exec(userName)?.[0];
  if (prefix !== undefined) return afterPrefix(userName, prefix, names);
  if (userName.toLowerCase() === "auto") return { user: "", parameters: [] };
  const dots = userName.indexOf("__");
  if (dots > 0 && isDotted(userName.slice(dots))) return withRest(userName.slice(0, dots), userName.slice(dots));
  if (hasItems(userName)) return splitItems(userName);
  const low = userName.indexOf("_");
  if (low > 0 && !userName.slice(0, low).includes("-") && isSeller(userName.slice(low)))
    return withRest(userName.slice(0, low), userName.slice(low));
  return splitDashes(userName);
}

/** Splits what is appended to a password: `_key-value_key-value`; `_` within a name or session stays. */
export function splitPasswordParameters(appended: string): readonly Parameter[] {
  const parts = appended.split("_", MOST_WORDS).slice(1);
  const parameters: Parameter[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] ?? "";
    const both = `${part}_${parts[at + 1] ?? ""}`;
    const last = parameters.at(-1);
    const goesOn = (last?.[1]?.length ?? LONGEST_GOING_ON) < LONGEST_GOING_ON;
    if (isFlag(both)) {
      parameters.push([both, undefined]);
      at += 1;
    } else if (isFlag(part)) parameters.push([part, undefined]);
    else if (last !== undefined && goesOn && isText(last[0]) && !part.includes("-") && !resemblesParameterName(part))
      parameters.splice(-1, 1, [last[0], `${last[1]}_${part}`]);
    else parameters.push(flagPair(part) ?? pair(part, part.indexOf("-")));
  }
  return parameters;
}

function longestName(userName: string, names: readonly string[]): string | undefined {
  return names
    .filter((name) => userName.startsWith(name) && isRest(userName.slice(name.length)))
    .sort((a, b) => b.length - a.length)[0];
}

/** Whether `rest` may follow an id. */
function isRest(rest: string): boolean {
  return rest === "" || rest.startsWith("-") || rest.startsWith(",") || isDotted(rest) || isSeller(rest);
}

function isDotted(rest: string): boolean {
  return /^__[a-z][a-z_-]*\./i.test(rest);
}

function isSeller(rest: string): boolean {
  const [before, key, value] = rest.split("_", 3);
  if (before !== "" || key === undefined || value === undefined) return false;
  return Object.hasOwn(SELLER_NAMES, key) || parameterForm(key)?.foreign === false;
}

/** `rest` begins with the separator that decides the form. */
function withRest(user: string, rest: string): SplitUserName {
  if (isDotted(rest)) return { user, parameters: rest.slice(2).split(";", MOST_WORDS).map(dotted) };
  if (isSeller(rest)) return { user, parameters: pairs(rest.slice(1).split("_", MOST_WORDS), sellerName) };
  if (rest.startsWith(",")) return { user, parameters: rest.slice(1).split(",", MOST_WORDS).map(item) };
  return { user, parameters: rest === "" ? [] : dashParameters(rest.slice(1)) };
}

function afterPrefix(userName: string, prefix: string, names: readonly string[]): SplitUserName {
  const after = userName.slice(prefix.length);
  const [first = "", second = ""] = after.split("-", 2);
  const known = longestName(after, names);
  // USER-res-us: here `user` is the id itself.
  if (known === undefined && NETNUT_NETWORK.test(first) && NETNUT_COUNTRY.test(second) && !isParameterName(second))
    return withRest(prefix.slice(0, -1), userName.slice(prefix.length - 1));
  const user = known ?? after.split(/[-,]/, 1)[0] ?? "";
  return withRest(user, after.slice(user.length));
}

function hasItems(userName: string): boolean {
  if (/[,=]/.test(userName)) return true;
  const low = userName.indexOf("_");
  if (low === -1 || userName.slice(0, low).includes("-")) return false;
  const key = userName.slice(0, low);
  if (userName.includes("-")) return isParameterName(key);
  return key.toLowerCase() === "user" || resemblesParameterName(key);
}

function splitItems(userName: string): SplitUserName {
  const items = userName.split(",", MOST_WORDS);
  const [first = ""] = items;
  const rest = items.slice(1).map(item);
  const [key, value] = item(first);
  if (key.toLowerCase() === "user") return { user: value ?? "", parameters: rest };
  if (first.toLowerCase() === "auto") return { user: "", parameters: rest };
  const isParameter =
    first.includes("=") || isParameterName(key) || (value !== undefined && resemblesParameterName(key));
  return isParameter ? { user: "", parameters: [[key, value], ...rest] } : { user: first, parameters: rest };
}

function splitDashes(userName: string): SplitUserName {
  const [first = "", second] = userName.split("-", 2);
  if (second === undefined && parameterForm(first)?.foreign !== false) return { user: first, parameters: [] };
  const isParameter = isParameterName(first) || (!isParameterName(second ?? "") && resemblesParameterName(first));
  return isParameter
    ? { user: "", parameters: pairs(userName.split("-", MOST_WORDS)) }
    : withRest(first, userName.slice(first.length));
}

/** After an id: the kind of network and the country, if the words are such, and then pairs. */
function dashParameters(text: string): readonly Parameter[] {
  const words = text.split("-", MOST_WORDS);
  const [network = "", country = "", ...rest] = words;
  if (!NETNUT_NETWORK.test(network) || !NETNUT_COUNTRY.test(country)) return pairs(words);
  const place: readonly Parameter[] = country.toLowerCase() === "any" ? [] : [["country", country]];
  return [["network", network], ...place, ...pairs(rest)];
}

/** Words in turn a name and its value; a flag has no value, unless it is one of yes and no. */
function pairs(words: readonly string[], nameOf = (word: string): string => word): readonly Parameter[] {
  const parameters: Parameter[] = [];
  for (let at = 0; at < words.length; ) {
    const both = `${words[at]}-${words[at + 1]}`;
    const name = isFlag(both) ? both : nameOf(words[at] ?? "");
    at += name === both ? 2 : 1;
    const value = words[at];
    const standsAlone = isFlag(name) && !BOOLEAN.test(value ?? "");
    parameters.push([name, standsAlone ? undefined : value]);
    if (!standsAlone) at += 1;
  }
  return parameters;
}

function sellerName(word: string): string {
  return (Object.hasOwn(SELLER_NAMES, word) ? SELLER_NAMES[word] : undefined) ?? word;
}

function isText(name: string): boolean {
  return parameterForm(name)?.kind === "text";
}

function isFlag(name: string): boolean {
  return parameterForm(name)?.kind === "flag";
}

function item(text: string): Parameter {
  if (isFlag(text)) return [text, undefined];
  return flagPair(text) ?? pair(text, text.includes("=") ? text.indexOf("=") : text.search(/[_-]/));
}

/** `sticky-asn-true`: a flag whose name holds what separates names from values. */
function flagPair(text: string): Parameter | undefined {
  const at = Math.max(text.lastIndexOf("-"), text.lastIndexOf("_"), text.lastIndexOf("="));
  return at > 0 && isFlag(text.slice(0, at)) ? pair(text, at) : undefined;
}

/** A list is joined by `,` in this form. */
function dotted(text: string): Parameter {
  const [key, value] = pair(text, text.indexOf("."));
  return [key, value?.replaceAll(",", "+")];
}

function pair(text: string, at: number): Parameter {
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
