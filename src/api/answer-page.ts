import { errorRow } from "../core/error-table.ts";
import { toBywayError } from "../core/errors.ts";
import { findPage } from "./find-page.ts";
import { JSON_TYPE, type Page, type PageAnswer, type Principal } from "./page.ts";
import { readParams, unfit } from "./page-params.ts";

/** A request for a page, whatever it came over. */
export interface Question {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly principal: Principal;
  /** Reads the body, within a bound; called at most once, for a page that takes one. Throws ERR_CONTROL_REQUEST. */
  readonly readBody: () => Promise<string>;
}

/** Answers a question. */
export type AnswerQuestion = (question: Question) => Promise<PageAnswer>;

/**
 * Answers questions with `pages`, which show what `shown` returns at that moment; `shown` may throw. Never rejects: an error is
 * `{"error": {code, message, remedy, …}}` with the status of the error table.
 */
export function answerWith<C>(pages: readonly Page<C>[], shown: () => C): AnswerQuestion {
  return async (question) => {
    try {
      return await answer(pages, shown(), question);
    } catch (thrown) {
      const error = toBywayError(thrown);
      const body = JSON.stringify({ error: error.toJSON() });
      return { status: errorRow(error.code).http, type: JSON_TYPE, body };
    }
  };
}

async function answer<C>(pages: readonly Page<C>[], shown: C, question: Question): Promise<PageAnswer> {
  const { method, target, principal } = question;
  const { pathname, searchParams } = readTarget(target);
  const found = findPage(pages, method, pathname, principal);
  if (found.page === undefined) throw notThere(pathname.slice(0, 64), method, found.methods);
  const { page, rest } = found;
  const params = readParams(searchParams, page.params);
  const body = page.body === undefined ? undefined : page.body(readJson(await question.readBody()));
  return page.answer(shown, { params, rest, body, principal });
}

function readTarget(target: string): URL {
  const url = target.startsWith("/") ? URL.parse(`http://localhost${target}`) : null;
  if (url === null) throw unfit("the path cannot be read");
  return url;
}

function readJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw unfit("the body is no JSON");
  }
}

function notThere(path: string, method: string, methods: readonly string[]): ReturnType<typeof unfit> {
  if (methods.length === 0) return unfit(`there is no ${path} here`);
  return unfit(`${path} is asked for with ${methods.join(" or ")}, not ${method.slice(0, 16)}`);
}
