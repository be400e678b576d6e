import type { Method, Page, Principal } from "./page.ts";

/** A page that was found, or which methods the path has; none where nothing is there. */
export type FoundPage<C> =
  | { readonly page: Page<C>; readonly rest: string }
  | { readonly page: undefined; readonly methods: readonly Method[] };

/** Who may ask for more has the higher number. */
const RANK: Readonly<Record<Principal, number>> = { local: 0, owner: 1 };

/** The page of `pages` that `method` and `path` ask for. Those that `principal` may not ask for are not there. */
export function findPage<C>(
  pages: readonly Page<C>[],
  method: string,
  path: string,
  principal: Principal,
): FoundPage<C> {
  const there = pages.filter(
    (page) =>
      RANK[principal] >= RANK[page.principal] &&
      (page.path.endsWith("/") ? path.startsWith(page.path) : path === page.path),
  );
  const page = there.find((one) => one.method === method);
  if (page === undefined) return { page, methods: there.map((one) => one.method) };
  return { page, rest: path.slice(page.path.length) };
}
