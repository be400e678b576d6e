import { Counter, Gauge, Registry } from "prom-client";
import type { NodeStatus } from "../operation/node-status.ts";
import { METRICS } from "./metrics-table.ts";

/** The media type of `metricsText`. */
export const METRICS_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** Every figure of `status` in the text format of Prometheus (version 0.0.4). */
export function metricsText(status: NodeStatus): Promise<string> {
  const registry = new Registry();
  for (const { name, type, help, labels, read } of METRICS) {
    const samples = read(status);
    // Without a value, the library would tell 0 of what has none.
    if (samples.length === 0) continue;
    const options = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === "counter") {
      const counter = new Counter(options);
      for (const { labels: given = {}, value } of samples) counter.inc(given, value);
    } else {
      const gauge = new Gauge(options);
      for (const { labels: given = {}, value } of samples) gauge.set(given, value);
    }
  }
  return registry.metrics();
}
