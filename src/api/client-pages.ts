import type { RequestLog } from "../dispatch/request-log.ts";
import type { SearchReport } from "../dispatch/search-memory.ts";
import type { Explanation } from "../routing/explanation.ts";
import type { Page } from "./page.ts";
import { PICK } from "./pages/pick.ts";
import { REQUEST, REQUESTS } from "./pages/requests.ts";
import { SEARCHES } from "./pages/searches.ts";
import type { PickQuery } from "./pick-query.ts";

/** What a client shows its owner. */
export interface ShownClient {
  readonly log: RequestLog;
  /** What routing would choose now. Throws ERR_NO_NODE and others. */
  readonly pick: (query: PickQuery) => Explanation;
  readonly searches: () => SearchReport;
}

/** The pages of a client. A new one is a file in `pages/` and a line here. */
export const CLIENT_PAGES: readonly Page<ShownClient>[] = [REQUESTS, REQUEST, SEARCHES, PICK];
