import type { Constraints } from "./constraints.ts";
import type { SessionRules } from "./session-table.ts";

/** How long a session keeps its exit where nobody says. */
const DEFAULT_SESSION_SEC = 600;

/** The session that a request asks for, apart from what it asks of its nodes. */
export interface AskedSession {
  /** As the user wrote it; undefined where the request belongs to none. */
  readonly name: string | undefined;
  readonly rules: SessionRules;
  /** Whether a session that has to move stays in its AS. */
  readonly stickyAsn: boolean;
  /** Everything else. */
  readonly constraints: Constraints;
}

/** Parts what concerns the session alone from the rest. */
export function askedSession(asked: Constraints): AskedSession {
  const { session, sessionSec = DEFAULT_SESSION_SEC, strict = false, stickyAsn = false, ...constraints } = asked;
  return { name: session, rules: { sessionSec, strict }, stickyAsn, constraints };
}
