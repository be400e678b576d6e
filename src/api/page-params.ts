import { BywayError } from "../core/errors.ts";

/** Reads the text of the parameter `name`. Throws ERR_CONTROL_REQUEST, or what says better what is wrong with it. */
export type ReadParam<T> = (text: string, name: string) => T;

/** Reads the parameters of a query. Throws ERR_CONTROL_REQUEST for one that is not in `params` or is given twice. */
export function readParams(
  query: URLSearchParams,
  params: Readonly<Record<string, ReadParam<unknown>>>,
): Readonly<Record<string, unknown>> {
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (!Object.hasOwn(params, name)) throw unfit(`there is no parameter ${name.slice(0, 64)} here`);
    if (seen.has(name)) throw unfit(`the parameter ${name} is given twice`);
    seen.add(name);
  }
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(params)) {
    const given = query.get(name);
    if (given !== null) values[name] = read(given, name);
  }
  return values;
}

/** Any text. */
export const anyText: ReadParam<string> = (given) => given;

/** A whole number from 1 to `most`. */
export function wholeNumber(most: number): ReadParam<number> {
  return (given, name) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : 0;
    if (number < 1 || number > most) throw unfit(`${name} is no whole number from 1 to ${most}`);
    return number;
  };
}

/** One of a few words. */
export function oneOf<W extends string>(...words: readonly W[]): ReadParam<W> {
  return (given, name) => {
    const word = words.find((one) => one === given);
    if (word === undefined) throw unfit(`${name} is not ${words.join(" or ")}`);
    return word;
  };
}

/** The error that a request cannot be answered as it is. */
export function unfit(message: string): BywayError {
  return new BywayError("ERR_CONTROL_REQUEST", message);
}
