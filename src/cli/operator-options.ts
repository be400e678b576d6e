import type { Settings } from "../config/schema.ts";
import type { NodeOptions } from "../node/node-options.ts";

type OperatorOptions = Pick<
  NodeOptions,
  "policy" | "blocklists" | "operation" | "linkMbps" | "streamLimits" | "log" | "noticeListen"
>;

/** What an operator's settings make of a node. */
export function operatorOptions(values: Settings): OperatorOptions {
  return {
    policy: values["node.policy"],
    blocklists: values["node.blocklists"].map(({ name, source, "refresh-hours": refreshHours, except }) => ({
      name,
      source,
      refreshHours,
      except,
    })),
    operation: {
      monthlyResetDay: values["node.monthly-reset-day"],
      hours: values["node.hours"],
      upMbps: values["node.up-mbps"],
      downMbps: values["node.down-mbps"],
      monthlyGb: values["node.monthly-gb"],
    },
    streamLimits: {
      maxStreams: values["node.max-streams"],
      streamsPerSecond: values["node.streams-per-second"],
      linkStreams: values["node.link-streams"],
      linkStreamsPerSecond: values["node.link-streams-per-second"],
      linkTargetsPerMinute: values["node.link-targets-per-minute"],
      targetStreams: values["node.target-streams"],
      targetStreamsPerSecond: values["node.target-streams-per-second"],
    },
    log: { mode: values["node.log"], days: values["node.log-days"], mib: values["node.log-mib"] },
    linkMbps: values["node.link-mbps"],
    noticeListen: values["node.notice-listen"],
  };
}
