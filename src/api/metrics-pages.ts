import type { NodeStatus } from "../operation/node-status.ts";
import { type Page, type PageAnswer, text } from "./page.ts";

/** What the figures are taken from. */
export interface ShownFigures {
  readonly status: () => NodeStatus;
}

/** What every program on this machine may ask: figures for Prometheus, and whether the node answers and takes new streams. */
export const METRICS_PAGES: readonly Page<ShownFigures>[] = [
  page("/metrics", async ({ status }) => {
    // Only a node that is asked for figures pays for the library.
    const { METRICS_TYPE, metricsText } = await import("./metrics-text.ts");
    return { status: 200, type: METRICS_TYPE, body: await metricsText(status()) };
  }),
  page("/healthz", () => text(200, "ok")),
  page("/readyz", ({ status }) => {
    const { state, reason } = status().serving;
    return state === "serving" ? text(200, "ok") : text(503, reason === undefined ? state : `${state}: ${reason}`);
  }),
];

function page(path: string, answer: (shown: ShownFigures) => PageAnswer | Promise<PageAnswer>): Page<ShownFigures> {
  return { method: "GET", path, params: {}, principal: "local", answer };
}
