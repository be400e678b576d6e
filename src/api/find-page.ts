import { BywayError } from "../core/errors.ts";

/** A page: what it is asked with, and what makes its answer. */
export interface Page<M> {
  readonly method: "GET" | "POST";
  /** One that ends in a slash is every page below it. */
  readonly path: string;
  /** The names that its query may have. */
  readonly parameters: readonly string[];
  readonly make: M;
}

/** What was asked for. */
export interface AskedPage<M> {
  readonly make: M;
  readonly query: URLSearchParams;
  /** What follows a path that ends in a slash. */
  readonly rest: string;
}

/** The page of `pages` that a request for `target` (path and query) asks for. Throws ERR_CONTROL_REQUEST. */
export function findPage<M>(pages: readonly Page<M>[], method: string, target: string): AskedPage<M> {
  const { pathname, searchParams: query } = readTarget(target);
  const there = pages.filter(({ path }) => (path.endsWith("/") ? pathname.startsWith(path) : pathname === path));
  const page = there.find((one) => one.method === method);
  if (page !== undefined) {
    checkParameters(query, page.parameters);
    return { make: page.make, query, rest: pathname.slice(page.path.length) };
  }
  const shown = pathname.slice(0, 64);
  if (there.length === 0) throw unfit(`there is no ${shown} here`);
  throw unfit(`${shown} is asked for with ${there.map((one) => one.method).join(" or ")}, not ${method.slice(0, 16)}`);
}

/** That a request cannot be answered as it is. */
export function unfit(message: string): BywayError {
  return new BywayError("ERR_CONTROL_REQUEST", message);
}

function readTarget(target: string): URL {
  const url = target.startsWith("/") ? URL.parse(`http://localhost${target}`) : null;
  if (url === null) throw unfit("the path cannot be read");
  return url;
}

function checkParameters(given: URLSearchParams, known: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of given.keys()) {
    if (!known.includes(name)) throw unfit(`there is no parameter ${name.slice(0, 64)} here`);
    if (seen.has(name)) throw unfit(`the parameter ${name} is given twice`);
    seen.add(name);
  }
}
