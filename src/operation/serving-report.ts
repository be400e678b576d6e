import type { LineBytes } from "../flow/socket-totals.ts";
import type { NodeStatus } from "./node-status.ts";

/** What a link service reports of itself. A node has one service, or one in each worker. Plain JSON. */
export interface ServingReport {
  readonly links: number;
  readonly streams: number;
  /** Streams to targets since the start. */
  readonly streamsOpened: number;
  /** Proofs of next hops that only strangers named, which failed within the last hour. */
  readonly failedProofs: number;
  /** Bytes on the links since the start, both ways. */
  readonly linkBytes: number;
  /** Bytes since the start on all its sockets. */
  readonly line: LineBytes;
  /** Since the start, by what refused. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly blocklists: NodeStatus["blocklists"];
  readonly log: NodeStatus["log"];
  /** Whether its process had no file descriptor left lately. */
  readonly wasOutOfDescriptors?: boolean;
}

/** A report of nothing. */
export const NO_REPORT: ServingReport = {
  links: 0,
  streams: 0,
  streamsOpened: 0,
  failedProofs: 0,
  linkBytes: 0,
  line: { received: 0, sent: 0 },
  refusals: {},
  blocklists: [],
  log: { state: "off", records: 0, bytes: 0, lost: 0 },
};

/** The part of a report that remains when its service is gone: counts since the start. */
export function lastingCounts(report: ServingReport): ServingReport {
  const { streamsOpened, linkBytes, line, refusals } = report;
  return { ...NO_REPORT, streamsOpened, linkBytes, line, refusals };
}

/** Joins two reports: counts are added, and of two states the worse one is taken. */
export function addReports(a: ServingReport, b: ServingReport): ServingReport {
  const refusals: Record<string, number> = { ...a.refusals };
  for (const [by, count] of Object.entries(b.refusals)) refusals[by] = (refusals[by] ?? 0) + count;
  return {
    links: a.links + b.links,
    streams: a.streams + b.streams,
    streamsOpened: a.streamsOpened + b.streamsOpened,
    failedProofs: a.failedProofs + b.failedProofs,
    linkBytes: a.linkBytes + b.linkBytes,
    line: { received: a.line.received + b.line.received, sent: a.line.sent + b.line.sent },
    refusals,
    blocklists: worstLists(a.blocklists, b.blocklists),
    log: addLogs(a.log, b.log),
    ...(a.wasOutOfDescriptors === true || b.wasOutOfDescriptors === true ? { wasOutOfDescriptors: true } : {}),
  };
}

const BADNESS: readonly string[] = ["off", "writing", "loaded", "stale", "missing", "failing"];

function worstLists(a: NodeStatus["blocklists"], b: NodeStatus["blocklists"]): NodeStatus["blocklists"] {
  const worst = new Map(a.map((list) => [list.name, list]));
  for (const list of b) {
    const known = worst.get(list.name);
    if (known === undefined || BADNESS.indexOf(list.state) > BADNESS.indexOf(known.state)) worst.set(list.name, list);
  }
  return [...worst.values()];
}

function addLogs(a: NodeStatus["log"], b: NodeStatus["log"]): NodeStatus["log"] {
  const worst = BADNESS.indexOf(b.state) > BADNESS.indexOf(a.state) ? b : a;
  const held = addHeld(a.held, b.held);
  return {
    ...worst,
    records: a.records + b.records,
    bytes: a.bytes + b.bytes,
    lost: a.lost + b.lost,
    ...(held === undefined ? {} : { held }),
  };
}

type Held = NodeStatus["log"]["held"];

function addHeld(a: Held, b: Held): Held {
  if (a === undefined || b === undefined) return a ?? b;
  return { files: a.files + b.files, aheadMs: Math.max(a.aheadMs, b.aheadMs) };
}
