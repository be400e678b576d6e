import type { ReadParam } from "./page-params.ts";

/** The methods that pages have. */
export type Method = "GET" | "POST" | "PUT" | "DELETE";

/**
 * Who asks: `owner` has opened the socket, which only the owner of the data directory can; `local` is any program on this machine.
 */
export type Principal = "owner" | "local";

/** An answer, as every door sends it. */
export interface PageAnswer {
  /** An HTTP status. */
  readonly status: number;
  /** A media type. */
  readonly type: string;
  readonly body: string;
}

/** What a page is asked, once its parameters and its body are read. */
export interface Asked<P, B> {
  /** What the query gives; the other parameters are absent. */
  readonly params: { readonly [K in keyof P]?: P[K] };
  /** What follows a path that ends in a slash. */
  readonly rest: string;
  readonly body: B;
  readonly principal: Principal;
}

/**
 * One page: what it is asked with, and how it answers from what is shown, a `C`. It knows nothing of what carries it. `P` has the
 * values of its parameters, and `B` that of its body.
 */
export interface Page<C, P = Readonly<Record<string, unknown>>, B = unknown> {
  readonly method: Method;
  /** One that ends in a slash is every page below it. */
  readonly path: string;
  /** The parameters that its query may have, each once, in the order in which they are read. */
  readonly params: { readonly [K in keyof P]: ReadParam<P[K]> };
  /** Reads a body from JSON, or throws. A page without it takes no body: one that comes is ignored. */
  readonly body?: (json: unknown) => B;
  /** The least that one must be to ask for it. */
  readonly principal: Principal;
  /** Answers, or throws what the error table gives a status. */
  answer(shown: C, asked: Asked<P, B>): PageAnswer | Promise<PageAnswer>;
}

/** The media type of what `json` answers. */
export const JSON_TYPE = "application/json";

/** An answer in JSON. */
export function json(value: object): PageAnswer {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(value) };
}

/** An answer of one line of text. */
export function text(status: number, line: string): PageAnswer {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n` };
}
