import type { SearchReport } from "../../dispatch/search-memory.ts";
import { json, type Page } from "../page.ts";

/** How often the client searched the network. */
export const SEARCHES: Page<{ readonly searches: () => SearchReport }> = {
  method: "GET",
  path: "/v1/searches",
  params: {},
  principal: "owner",
  answer: ({ searches }) => json({ searches: searches() }),
};
