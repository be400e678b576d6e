import type { NodeStatus } from "../operation/node-status.ts";

/** One value of a figure: its labels, which never hold peer ids, hosts or addresses, and the number. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One figure that a node tells Prometheus. */
export interface Metric {
  /** `byway_<room>_<what>_<unit>`; a counter ends in `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  /** Its values now; none where there is nothing to tell. */
  readonly read: (status: NodeStatus) => readonly Sample[];
}

const SERVING_STATES = ["serving", "paused", "draining", "closed"] as const;
const REACHABLE_STATES = ["yes", "no", "unknown"] as const;
const LIST_STATES = ["loaded", "stale", "missing"] as const;
const LOG_STATES = ["off", "writing", "failing"] as const;

/** Every figure. `docs/metrics.md` shows the same rows. */
export const METRICS: readonly Metric[] = [
  gauge("byway_node_version_state", "1, with the version of the software as a label.", ["version"], ({ software }) => [
    { labels: { version: software }, value: 1 },
  ]),
  gauge("byway_node_role_state", "1 for each role of the node.", ["role"], ({ roles }) =>
    roles.map((role) => ({ labels: { role }, value: 1 })),
  ),
  gauge("byway_node_start_time_seconds", "When the node started, in Unix time.", [], ({ startedAt }) =>
    seconds(startedAt),
  ),
  gauge("byway_node_serving_state", "1 for the state that the node is in.", ["state"], ({ serving }) =>
    states(SERVING_STATES, serving.state),
  ),
  gauge("byway_node_reachable_state", "1 for what is known of whether others reach the node.", ["state"], (status) =>
    states(REACHABLE_STATES, status.reachable.state),
  ),
  gauge(
    "byway_node_warning_state",
    "1 for each warning there is now; docs/health.md lists the codes.",
    ["code", "level"],
    ({ warnings }) => warnings.map(({ code, level }) => ({ labels: { code, level }, value: 1 })),
  ),
  gauge("byway_node_load_ratio", "How much of what the node has is taken, from 0 to 1.", [], ({ load }) => one(load)),
  gauge("byway_link_open_links", "Links that are open.", [], ({ links }) => one(links)),
  gauge("byway_egress_open_streams", "Streams that are open.", [], ({ streams }) => one(streams)),
  counter("byway_egress_streams_total", "Streams to targets since the start.", [], (s) => one(s.streamsOpened)),
  counter(
    "byway_egress_refusals_total",
    "Refused streams and connections since the start, by the rule, list or limit that refused them.",
    ["by"],
    ({ refusals }) => refusals.map(({ by, count }) => ({ labels: { by }, value: count })),
  ),
  gauge(
    "byway_egress_accepted_ports",
    "How many ports of targets the policy accepts.",
    [],
    ({ policy: { acceptedPorts } }) => one(acceptedPorts.reduce((sum, { first, last }) => sum + last - first + 1, 0)),
  ),
  gauge("byway_egress_blocklist_entries", "Entries of a blocklist.", ["list"], ({ blocklists }) =>
    blocklists.map(({ name, entries }) => ({ labels: { list: name }, value: entries })),
  ),
  gauge("byway_egress_blocklist_unread_lines", "Lines of a blocklist that cannot be read.", ["list"], (status) =>
    status.blocklists.map(({ name, unread }) => ({ labels: { list: name }, value: unread })),
  ),
  gauge("byway_egress_blocklist_state", "1 for the state that a blocklist is in.", ["list", "state"], (status) =>
    status.blocklists.flatMap(({ name, state }) => states(LIST_STATES, state, { list: name })),
  ),
  gauge(
    "byway_egress_blocklist_loaded_time_seconds",
    "When the copy of a blocklist that counts was read, in Unix time.",
    ["list"],
    ({ blocklists }) =>
      blocklists.flatMap(({ name, loadedAt }) =>
        loadedAt === undefined ? [] : seconds(loadedAt).map(({ value }) => ({ labels: { list: name }, value })),
      ),
  ),
  gauge("byway_egress_log_state", "1 for the state that the accountability log is in.", ["state"], ({ log }) =>
    states(LOG_STATES, log.state),
  ),
  counter(
    "byway_egress_log_records_total",
    "Records written to the accountability log since the start.",
    [],
    ({ log }) => one(log.records),
  ),
  gauge("byway_egress_log_bytes", "Size of the accountability log.", [], ({ log }) => one(log.bytes)),
  counter("byway_egress_log_lost_records_total", "Records that could not be written.", [], ({ log }) => one(log.lost)),
  counter(
    "byway_operation_received_bytes_total",
    "Bytes that came in over the node's line in this monthly period.",
    [],
    ({ traffic }) => one(traffic.month.received),
  ),
  counter(
    "byway_operation_sent_bytes_total",
    "Bytes that went out over the node's line in this monthly period.",
    [],
    ({ traffic }) => one(traffic.month.sent),
  ),
  gauge("byway_operation_monthly_cap_bytes", "What may cross the line in a month, both ways together.", [], (status) =>
    maybe(status.traffic.monthlyCapBytes),
  ),
  gauge("byway_operation_month_end_time_seconds", "When the month that counts ends, in Unix time.", [], ({ traffic }) =>
    seconds(traffic.monthEnd),
  ),
  gauge(
    "byway_operation_speed_bytes_per_second",
    "How fast the node may carry now; absent where nothing holds it back.",
    [],
    ({ bytesPerSecond }) => maybe(bytesPerSecond),
  ),
];

function gauge(name: string, help: string, labels: readonly string[], read: Metric["read"]): Metric {
  return { name, type: "gauge", help, labels, read };
}

function counter(name: string, help: string, labels: readonly string[], read: Metric["read"]): Metric {
  return { name, type: "counter", help, labels, read };
}

function one(value: number): readonly Sample[] {
  return [{ value }];
}

function maybe(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : one(value);
}

/** An ISO 8601 time in Unix seconds. */
function seconds(time: string): readonly Sample[] {
  return one(Date.parse(time) / 1_000);
}

function states(all: readonly string[], now: string, labels: Readonly<Record<string, string>> = {}): readonly Sample[] {
  return all.map((state) => ({ labels: { ...labels, state }, value: Number(state === now) }));
}
