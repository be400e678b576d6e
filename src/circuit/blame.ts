import type { ErrorCode } from "../core/error-table.ts";
import type { BywayError } from "../core/errors.ts";
import type { Link } from "../link/link.ts";

/** Which hop is at fault, and whether this client knows it itself or goes by what the hop before it shows. */
export interface Blame {
  readonly index: number;
  readonly isKnown: boolean;
}

/** What a hop says of itself when it does not carry on. */
const REFUSES: ReadonlySet<ErrorCode> = new Set(["ERR_HOP_ROLE", "ERR_HOP_LIMIT"]);

/**
 * Which hop is at fault when extending to `index` failed with `error`. `before` is the link to the last hop that stands; `silent`
 * is the first hop of those that says nothing.
 */
export function blameFor(
  before: Pick<Link, "usable"> | undefined,
  index: number,
  { code }: BywayError,
  silent: number | undefined,
): Blame {
  if (silent !== undefined) return { index: silent, isKnown: silent === 0 };
  if (index === 0 || before === undefined) return { index: 0, isKnown: true };
  if (REFUSES.has(code)) return { index: index - 1, isKnown: true };
  return before.usable ? { index, isKnown: false } : { index: index - 1, isKnown: index === 1 };
}
